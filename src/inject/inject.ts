// The run: every document of every input is decided, changed and held back; then all of it goes out, or nothing does. What is
// wrong is said of all documents, not only of the first.
import type { Renderings } from '../core/rendering.ts';
import { decide, type Settings } from './decision.ts';
import { injectDocument, type Judged } from './document.ts';
import { type HeldParts, holdParts } from './held-parts.ts';
import type { Input } from './inputs.ts';
import { type Before, behind, joined } from './join.ts';
import type { KnownObjects } from './known-objects.ts';
import { isNotUtf8, meetBeforehand, piecesOf } from './pieces.ts';
import { columnOf } from './place.ts';
import { pullSecretManifest, type Wanted } from './pull-secret-manifest.ts';
import type { ObjectReport } from './report.ts';
import { lineCounter, type Piece } from './split.ts';

export interface Injection {
  readonly inputs: readonly Input[];
  readonly settings: Settings;
  readonly known: KnownObjects;
  /** Whether documents are wanted at all. */
  readonly print: boolean;
  /** Also the pull Secrets, made of these. */
  readonly renderings?: Renderings;
}

export interface InjectionPorts {
  out(part: Uint8Array | string): Promise<void>;
  report(object: ObjectReport): void;
  /** Something is wrong, and nothing will be printed. */
  fail(problem: string): void;
  /** Every few million characters: in the long run the garbage of what was read and printed matters. */
  clean(): void;
}

export interface InjectionResult {
  /** How often `fail` was called. */
  failures: number;
  objects: number;
  /** Objects to which something was added. */
  changed: number;
  /** ServiceAccounts that decisions rest on although nothing is known of them. */
  readonly unknownAccounts: Set<string>;
}

/** Characters. */
const MUCH = 4_000_000;

interface Run extends Injection {
  readonly ports: InjectionPorts;
  readonly result: InjectionResult;
  readonly held: HeldParts;
  /** By namespace. */
  readonly wanted: Map<string, Wanted>;
  before: Before | undefined;
  /** The first document of the output. */
  head: string;
  /** Characters since the last cleaning. */
  passed: number;
}

export async function inject(injection: Injection, ports: InjectionPorts): Promise<InjectionResult> {
  const result = { failures: 0, objects: 0, changed: 0, unknownAccounts: new Set<string>() };
  const run: Run = {
    ...injection,
    ports,
    result,
    held: holdParts(),
    wanted: new Map(),
    before: undefined,
    head: '',
    passed: 0,
  };
  await meetBeforehand(run.inputs, run.known.meet);
  for (const input of run.inputs) await injectInput(run, input);
  const secrets = pullSecrets(run);
  if (result.failures > 0 || !run.print) return result;
  if (secrets !== '') await ports.out(secrets);
  for (const part of run.held.parts()) {
    await ports.out(part);
    pass(run, part.length);
  }
  return result;
}

async function injectInput(run: Run, input: Input): Promise<void> {
  let isFirst = true;
  try {
    for await (const piece of piecesOf(input)) {
      injectPiece(run, input.name, piece, isFirst);
      isFirst = false;
    }
  } catch (error) {
    if (!isNotUtf8(error)) throw error;
    fail(run, `${input.name} is not UTF-8`);
  }
}

function pass(run: Run, size: number): void {
  run.passed += size;
  if (run.passed < MUCH) return;
  run.passed = 0;
  run.ports.clean();
}

function fail({ result, ports }: Run, problem: string): void {
  result.failures++;
  ports.fail(problem);
}

function injectPiece(run: Run, input: string, { text, line }: Piece, isFirst: boolean): void {
  const { known, settings } = run;
  pass(run, text.length);
  const linesBefore = lineCounter(text);
  const injected = injectDocument(text, (found) => decide(found, settings, known));
  if ('faults' in injected) {
    for (const { at, problem } of injected.faults)
      fail(run, `${input}:${line + linesBefore(at)}:${columnOf(text, at) + 1} ${problem}`);
    return;
  }
  for (const judged of injected.judged) note(run, input, line + linesBefore(judged.at), judged);
  if (!run.print || run.result.failures > 0 || text === '') return;
  const isSeam = isFirst && run.before !== undefined;
  const own = isSeam && run.before !== undefined ? joined(run.before, injected.text) : injected.text;
  if (run.before === undefined) run.head = own;
  run.before = behind(own);
  // What a pull Secret will stand in front of has no byte order mark.
  run.held.add(run.renderings === undefined ? own : own.replace(/^\ufeff/, ''));
}

function note({ result, ports, wanted, known }: Run, input: string, line: number, { found, decision }: Judged): void {
  const { kind, name } = found;
  const { namespace, reason, images, add, needs, unknownAccount } = decision;
  result.objects++;
  if (add.length > 0) result.changed++;
  if (unknownAccount !== undefined) result.unknownAccounts.add(unknownAccount);
  const account = unknownAccount === undefined ? {} : { unknownAccount };
  ports.report({ input, line, kind, name, namespace, reason, images, added: add, ...account });
  for (const need of needs) {
    let want = wanted.get(namespace);
    if (want === undefined) {
      want = { namespace, labels: known.labelsOf(namespace), needs: new Map() };
      wanted.set(namespace, want);
    }
    want.needs.set(`${need.credential} ${need.pattern}`, need);
  }
}

/** In front of everything, because a Secret must be there before what names it. */
function pullSecrets(run: Run): string {
  const { renderings, wanted, head } = run;
  if (renderings === undefined) return '';
  const { json } = behind(head);
  let text = '';
  for (const want of wanted.values()) {
    const made = pullSecretManifest(want, renderings, json);
    if ('problem' in made) fail(run, made.problem);
    else text += text === '' ? made.text : joined(behind(text), made.text);
  }
  return text === '' ? '' : text + seam(text, head);
}

function seam(text: string, head: string): string {
  const own = head.replace(/^\ufeff/, '');
  return joined(behind(text), own).slice(0, -own.length || undefined);
}
