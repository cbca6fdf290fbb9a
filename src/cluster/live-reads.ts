// Asks the API server itself about one namespace, ServiceAccount or pull Secret, for the rare case that the view cannot
// tell. Anybody can post a review with any name in it, so a budget caps the calls of all together: beyond it the answer is
// "unknown", never a guess. Requests for the same thing share one call, and its answer is remembered for a moment (but
// that about a pull Secret only until it is there: whoever asks for one needs the latest).
import { type ObservedPullSecret, readServiceAccount, type ServiceAccountState } from '../core/surroundings.ts';
import { type ApiObject, isName, namespacedPath, namespacePath } from './api-object.ts';
import type { Client } from './client.ts';
import type { ProjectPullSecret } from './pull-secret-projection.ts';
import type { Time } from './time.ts';
import { ApiUnavailable } from './unavailable.ts';
import { type NamespaceState, readNamespace } from './view.ts';

export type Live<T> = { readonly found: T } | { readonly absent: true } | { readonly unknown: string };

export interface LiveReads {
  namespace(name: string): Promise<Live<NamespaceState>>;
  serviceAccount(namespace: string, name: string): Promise<Live<ServiceAccountState>>;
  /** Shared while it is under way, never remembered. */
  pullSecret(namespace: string): Promise<Live<ObservedPullSecret>>;
}

export interface LiveReadsOptions {
  readonly client: Pick<Client, 'call'>;
  readonly pullSecretName: string;
  readonly project: ProjectPullSecret;
  /** Calls a second, over everything. */
  readonly budgetPerSecond?: number;
  /** For answers about namespaces and ServiceAccounts. */
  readonly rememberMs?: number;
  /** Longer than anybody waits: an answer that comes late serves whoever asks again. */
  readonly timeoutMs?: number;
  readonly time: Pick<Time, 'now'>;
}

export function liveReads(options: LiveReadsOptions): LiveReads {
  const { client, pullSecretName, project, time } = options;
  const { budgetPerSecond = 20, rememberMs = 1000, timeoutMs = 6_000 } = options;
  const spend = newBudget(budgetPerSecond, time);

  async function read<T>(resource: string, path: string, project: (object: ApiObject) => T): Promise<Live<T>> {
    try {
      const { status, body } = await client.call({ verb: 'get', resource, path, timeoutMs });
      if (status === 200) return { found: project(body as ApiObject) };
      return status === 404 ? { absent: true } : { unknown: `get ${resource}: the API server answered ${status}` };
    } catch (error) {
      return { unknown: error instanceof ApiUnavailable ? error.message : `get ${resource}: the answer is malformed` };
    }
  }

  function shared<T>(resource: string, forMs: number, project: (object: ApiObject) => T) {
    const answers = newMemory<Live<T>>(forMs, time);
    return (names: readonly string[], path: string): Promise<Live<T>> => {
      if (!names.every(isName)) return Promise.resolve({ absent: true });
      const answer = answers.get(path);
      if (answer) return answer;
      if (!spend())
        return Promise.resolve({ unknown: `more than ${budgetPerSecond} live reads a second were asked for` });
      return answers.put(path, read(resource, path, project));
    };
  }

  const namespaces = shared('namespaces', rememberMs, readNamespace);
  const serviceAccounts = shared('serviceaccounts', rememberMs, readServiceAccount);
  // Not remembered: who asks was just told by a conflict that what it knew is old.
  const secrets = shared('secrets', 0, project);
  return {
    namespace: (name) => namespaces([name], namespacePath(name)),
    serviceAccount: (namespace, name) =>
      serviceAccounts([namespace, name], namespacedPath('serviceaccounts', namespace, name)),
    pullSecret: (namespace) => secrets([namespace], namespacedPath('secrets', namespace, pullSecretName)),
  };
}

/** A bucket of tokens that holds one second's worth. */
function newBudget(perSecond: number, time: Pick<Time, 'now'>): () => boolean {
  let tokens = perSecond;
  let filled = time.now();
  return () => {
    const now = time.now();
    tokens = Math.min(perSecond, tokens + (Math.max(0, now - filled) / 1000) * perSecond);
    filled = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

interface Memory<T> {
  get(key: string): Promise<T> | undefined;
  put(key: string, answer: Promise<T>): Promise<T>;
}

/** Needs no limit of its own: every entry cost a token of the budget and leaves soon after it was answered. */
function newMemory<T>(rememberMs: number, time: Pick<Time, 'now'>): Memory<T> {
  const entries = new Map<string, { readonly answer: Promise<T>; until: number }>();

  function forget(now: number): void {
    for (const [key, { until }] of entries) if (until <= now) entries.delete(key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      return entry && entry.until > time.now() ? entry.answer : undefined;
    },
    put(key, answer) {
      forget(time.now());
      const entry = { answer, until: Number.POSITIVE_INFINITY };
      entries.set(key, entry);
      answer.then(() => {
        entry.until = time.now() + rememberMs;
      });
      return answer;
    },
  };
}
