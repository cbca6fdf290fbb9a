// Watches the pull Secrets of a cluster as somebody else would, and writes down when which content was there and whether any
// was missing. The clock is that of this process.
import { connect } from '../../src/cluster/client.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { PULL_SECRET } from './installation.ts';

export interface SecretNews {
  readonly namespace: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The docker config in it. */
  readonly text: string;
  readonly at: number;
}

export interface SecretWatch {
  readonly news: SecretNews[];
  /** The newest content by namespace. */
  readonly texts: Map<string, string>;
  /** Resolves with the time when the content of a namespace meets the condition. */
  until(namespace: string, isRight: (text: string | undefined) => boolean, ms?: number): Promise<number>;
  /** Resolves with the first of the news from that index on that meets the condition. */
  first(from: number, isIt: (one: SecretNews) => boolean, ms?: number): Promise<SecretNews>;
  /** Forgets the news so far. */
  clear(): void;
  stop(): Promise<void>;
}

interface Event {
  readonly type: SecretNews['type'] | 'BOOKMARK' | 'ERROR';
  readonly object: {
    readonly code?: number;
    readonly metadata: { readonly namespace: string; readonly resourceVersion: string };
    readonly data?: Readonly<Record<string, string>>;
  };
}

export async function watchSecrets(plane: ControlPlane): Promise<SecretWatch> {
  const client = connect({ kubeconfig: plane.kubeconfig });
  const stopping = new AbortController();
  const news: SecretNews[] = [];
  const texts = new Map<string, string>();
  const listeners = new Set<() => void>();

  let seen = '';
  let broken: Error | undefined;

  function take({ type, object }: Event): void {
    if (type === 'ERROR') throw new Error(`the watch of the test failed: ${object.code}`);
    seen = object.metadata.resourceVersion;
    if (type === 'BOOKMARK') return;
    const { namespace } = object.metadata;
    const data = object.data?.['.dockerconfigjson'] ?? object.data?.['.dockercfg'] ?? '';
    const text = Buffer.from(data, 'base64').toString();
    if (type === 'DELETED') texts.delete(namespace);
    else texts.set(namespace, text);
    news.push({ namespace, type, text, at: performance.now() });
    for (const listener of [...listeners]) listener();
  }

  // The API server ends the watch of a reader that is slow; what came meanwhile is asked for again from where it was.
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const query = {
        watch: 'true',
        fieldSelector: `metadata.name=${PULL_SECRET}`,
        ...(seen && { resourceVersion: seen }),
      };
      const call = { resource: 'secrets', path: '/api/v1/secrets', signal: stopping.signal, inactivityMs: 600_000 };
      for await (const event of client.stream({ ...call, query })) take(event as Event);
    }
  })().catch((error: unknown) => {
    if (stopping.signal.aborted) return;
    broken = error instanceof Error ? error : new Error(String(error));
    for (const listener of [...listeners]) listener();
  });

  /** Looks at each news until there is something to be found. */
  function wait<T>(what: string, look: () => T | undefined, ms: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(() => reject(new Error(`${what}: not within ${ms} ms`))), ms);
      function done(settle: () => void): void {
        clearTimeout(timer);
        listeners.delete(listener);
        settle();
      }
      function listener(): void {
        const found = look();
        if (broken !== undefined) done(() => reject(new Error(`${what}: ${broken?.message}`)));
        else if (found !== undefined) done(() => resolve(found));
      }
      listeners.add(listener);
      listener();
    });
  }

  return {
    news,
    texts,
    until: (namespace, isRight, ms = 20_000) =>
      wait(namespace, () => (isRight(texts.get(namespace)) ? performance.now() : undefined), ms),
    first: (from, isIt, ms = 20_000) => wait('news', () => news.slice(from).find(isIt), ms),
    clear: () => void news.splice(0),
    async stop() {
      stopping.abort();
      await running;
      await client.close();
    },
  };
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
