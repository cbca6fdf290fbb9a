// What the tests of `inject` have in common: one credential for ghcr.io/acme/, a run in memory, and the real program.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Runtime } from '../../src/command-line/runtime.ts';
import { run } from '../../src/commands/inject.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { selectWorkloads } from '../../src/core/workload.ts';
import { decide, type Settings } from '../../src/inject/decision.ts';
import { type InjectedDocument, injectDocument } from '../../src/inject/document.ts';
import { type KnownObjects, rememberObjects } from '../../src/inject/known-objects.ts';
import type { Fault } from '../../src/inject/place.ts';
import { createSplitter, type Piece } from '../../src/inject/split.ts';
import { credential } from '../core/given.ts';

export const OURS = 'pullpass-dockercfg';
export const PRIVATE = 'ghcr.io/acme/a:1';
const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'pullpass.mjs');
const ENABLED = { 'pullpass.dev/inject': 'enabled' };

export const settings: Settings = {
  policy: compilePolicy([credential('acme', ['ghcr.io/acme/'])]),
  workloads: selectWorkloads(['Deployment', 'Job', 'CronJob', 'StatefulSet']),
  participation: { namespaces: { matchLabels: ENABLED }, own: 'pullpass-system' },
  pullSecret: OURS,
  formerNames: [],
};

export function knownWith(accounts: Readonly<Record<string, readonly string[]>> = {}): KnownObjects {
  return rememberObjects({ namespace: '', labels: ENABLED, serviceAccounts: new Map(Object.entries(accounts)) });
}

export function injectText(
  text: string,
  known = knownWith(),
): InjectedDocument | { readonly faults: readonly Fault[] } {
  return injectDocument(text, (found) => decide(found, settings, known));
}

/** @param sizes of the parts that the text arrives in; the last holds for the rest */
export function piecesOfText(text: string, ...sizes: number[]): readonly Piece[] {
  const splitter = createSplitter();
  const pieces: Piece[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = sizes[Math.min(i, sizes.length - 1)] ?? text.length;
    pieces.push(...splitter.push(text.slice(at, at + size)));
    at += size;
  }
  return [...pieces, ...splitter.end()];
}

/** @throws Error where a document cannot be read or changed */
export function injectStream(text: string, known?: KnownObjects): string {
  return piecesOfText(text)
    .map((piece) => {
      const injected = injectText(piece.text, known);
      if ('faults' in injected) throw new Error(`${piece.text}\n${JSON.stringify(injected.faults)}`);
      return injected.text;
    })
    .join('');
}

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The program as it is installed. */
export function pullpass(args: readonly string[], { stdin = '', cwd, env = {} }: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd, env: { PATH: process.env.PATH, ...env }, maxBuffer: 1e9, timeout: 120_000 };
    const child = execFile(process.execPath, [PROGRAM, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ stdout, stderr, code });
    });
    // Whoever refuses before reading has closed it.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
  });
}

/** The command in this process, which is quicker. */
export async function pullpassInside(args: readonly string[], stdin: string): Promise<Ran> {
  const out: string[] = [];
  const said: string[] = [];
  const runtime: Runtime = {
    env: {},
    stdin: Readable.from([Buffer.from(stdin)]),
    out: async (part) => void out.push(Buffer.from(part).toString()),
    say: (line) => void said.push(`${line}\n`),
    colours: false,
    columns: 80,
    watched: false,
    onSignal: () => undefined,
    onExit: () => undefined,
    exit: (code) => {
      throw new Error(`exit ${code}`);
    },
  };
  const code = await run(runtime, args);
  return { stdout: out.join(''), stderr: said.join(''), code };
}

/** Whether every character of a text is there after an injection, in order; only a `null` for the list may go. */
export function keepsAll(before: string, after: string): boolean {
  const reduced = before.replaceAll(/(imagePullSecrets["']?): *(?:~|null|Null)/g, '$1:');
  let next = 0;
  for (const char of after) if (reduced.startsWith(char, next)) next += char.length;
  return next === reduced.length;
}
