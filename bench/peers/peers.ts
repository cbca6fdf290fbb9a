// Starts the servers that Pullpass is compared with. Each ends when its standard input closes, so that none is left behind
// whatever happens to whoever started it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { locateTool } from '../../test/control-plane/binaries.ts';
import { freePorts } from '../../test/control-plane/ports.ts';
import type { Ending } from '../ending.ts';
import { pinned, SERVER_CPU } from '../pinning.ts';

export const GO_PEERS = ['controller-runtime', 'plain', 'jsonv2'] as const;
export const NODE_PEERS = ['node-fastify', 'node-parse', 'node-canned'] as const;
export type PeerName = (typeof GO_PEERS)[number] | (typeof NODE_PEERS)[number];

export const PEER_TITLES: Readonly<Record<PeerName, string>> = {
  'controller-runtime': 'Go, controller-runtime',
  plain: 'Go, net/http, encoding/json',
  jsonv2: 'Go, net/http, encoding/json/v2',
  'node-fastify': 'Node, fastify, `JSON.parse`',
  'node-parse': 'Node, node:https, `JSON.parse`',
  'node-canned': 'Node, node:https, one canned answer',
};

export interface PeerOptions {
  /** PEM files. */
  readonly certificate: { readonly cert: string; readonly key: string };
  readonly credentials: number;
  readonly namespaces: readonly string[];
  /** False: on whichever processor is free. Default: on that of the server under test. */
  readonly pin?: boolean;
}

export interface Peer {
  readonly name: PeerName;
  readonly port: number;
  readonly pid: number;
}

const START_MS = 20_000;

export async function startPeer(name: PeerName, options: PeerOptions, ending: Ending): Promise<Peer> {
  const [port] = await freePorts(1);
  const flags = {
    port,
    cert: options.certificate.cert,
    key: options.certificate.key,
    credentials: options.credentials,
    namespaces: options.namespaces.join(),
  };
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const [program, before] = await programOf(name);
  const command: [string, string[]] =
    options.pin === false ? [program, [...before, ...args]] : pinned(SERVER_CPU, program, [...before, ...args]);
  const child = spawn(...command, { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  ending.add(() => {
    child.stdin.end();
    return gone;
  });
  const until = Date.now() + START_MS;
  while (!(await listens(port))) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${name} does not listen`);
    await sleep(50);
  }
  return { name, port, pid: child.pid ?? 0 };
}

async function programOf(name: PeerName): Promise<[program: string, args: string[]]> {
  const go = GO_PEERS.find((other) => other === name);
  if (go !== undefined) return [await locateTool(go), []];
  return [process.execPath, [join(import.meta.dirname, `${name}.ts`)]];
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.once('error', () => resolve(false));
    socket.once('secureConnect', () => {
      socket.end();
      resolve(true);
    });
  });
}
