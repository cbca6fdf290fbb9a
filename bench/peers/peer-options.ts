// What the peers in TypeScript have in common around their handlers: flags, and the end when whoever started them is gone.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { registryName } from '../registries.ts';

export interface PeerOptions {
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string; readonly minVersion: 'TLSv1.3' };
  readonly registries: ReadonlySet<string>;
  /** Those that take part. */
  readonly namespaces: ReadonlySet<string>;
}

/** Longer than the API server keeps an idle connection. */
export const KEEP_ALIVE_MS = 120_000;

export function readPeerOptions(): PeerOptions {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      cert: { type: 'string', default: '' },
      key: { type: 'string', default: '' },
      credentials: { type: 'string', default: '10' },
      namespaces: { type: 'string', default: '' },
    },
  });
  process.stdin.resume().on('end', () => process.exit());
  return {
    port: Number(values.port),
    tls: { cert: readFileSync(values.cert, 'utf8'), key: readFileSync(values.key, 'utf8'), minVersion: 'TLSv1.3' },
    registries: new Set(Array.from({ length: Number(values.credentials) }, (_, i) => registryName(i))),
    namespaces: new Set(values.namespaces.split(',')),
  };
}
