// Carries the changes of sync out: what the planner decided about one pull Secret becomes calls to the API server, each bound
// to the object that the decision was made of. Entries that are to be carried over are read, put in and written in one go, and
// are in no memory but for that moment.
import type { Client } from '../cluster/client.ts';
import type { PullSecretStore } from '../cluster/pull-secret-store.ts';
import {
  deletePullSecret,
  readPullSecretValue,
  type WriteFailure,
  type writePullSecret,
} from '../cluster/pull-secret-writer.ts';
import { type PullSecretContent, pullSecretMetadata, withCarried } from '../core/pull-secret.ts';
import type { WriteOutcome } from '../core/reason.ts';
import { encodeData } from '../core/rendering.ts';
import type { ObservedPullSecret } from '../core/surroundings.ts';
import type { Change, SyncSettings, Wanted } from '../core/sync-plan.ts';
import type { WriteResult } from '../sync/pass.ts';

export interface ChangesOptions {
  readonly client: Client;
  /** Where it is known which Secrets of a name there are; undefined: nobody follows that name. */
  readonly storeOf: (name: string) => Pick<PullSecretStore, 'observe' | 'forget'> | undefined;
  /** Writes, and lets the store know. */
  readonly write: (request: Parameters<typeof writePullSecret>[2]) => ReturnType<typeof writePullSecret>;
}

export type CarryOut = (
  namespace: string,
  change: Exclude<Change, { act: 'refuse' }>,
  /** With the name of the one that is changed. */
  settings: SyncSettings,
  /** Whether this replica is elected, by the clock. */
  mayWrite: () => boolean,
) => Promise<WriteResult>;

/** For each call: a namespace whose writes hang must not hold the others up for long. */
const CALL_MS = 3_000;
const CREATE_TRIES = 3;

/** What a failed write means for whoever asked for it. */
export const FAILURES = {
  conflict: 'conflict',
  terminating: 'terminating',
  quota: 'quota',
  forbidden: 'forbidden',
  invalid: 'forbidden',
  unavailable: 'unavailable',
  deadline: 'unavailable',
} as const satisfies Record<WriteFailure, WriteOutcome>;

export function createChanges({ client, storeOf, write }: ChangesOptions): CarryOut {
  async function apply(
    namespace: string,
    wanted: Wanted,
    settings: SyncSettings,
    value: string,
    seen: ObservedPullSecret | undefined,
  ): Promise<WriteResult> {
    const { content } = wanted.rendering;
    if (content === undefined) return { outcome: 'too-large' };
    const result = await write({
      namespace,
      name: settings.name,
      type: content.type,
      data: { [content.dataKey]: encodeData(value) },
      ...pullSecretMetadata(settings, wanted, wanted.unwantedSince),
      ...(seen !== undefined && { seen, force: true }),
      timeoutMs: CALL_MS,
    });
    return result.result === 'written' ? { outcome: 'written' } : failed(result);
  }

  /** What is carried over is in this text and nowhere else any more, so it is not given up at the first hiccup. */
  async function create(
    namespace: string,
    wanted: Wanted,
    settings: SyncSettings,
    value: string,
  ): Promise<WriteResult> {
    let result: WriteResult = { outcome: 'unavailable' };
    for (let tries = 0; tries < CREATE_TRIES && result.outcome === 'unavailable'; tries++) {
      result = await apply(namespace, wanted, settings, value, undefined);
    }
    return result;
  }

  /** @param forGood otherwise it is made anew at once, also by somebody else if we do not come to it */
  async function remove(
    namespace: string,
    name: string,
    seen: ObservedPullSecret,
    forGood: boolean,
  ): Promise<WriteResult> {
    const result = await deletePullSecret(client, { namespace, name, seen, timeoutMs: CALL_MS });
    if (result.result !== 'deleted') return failed(result);
    if (forGood) storeOf(name)?.forget(namespace);
    else storeOf(name)?.observe(namespace, undefined);
    return { outcome: 'deleted' };
  }

  /** What the Secret is to hold. */
  async function textFor(
    namespace: string,
    name: string,
    content: PullSecretContent,
    { carried, seen }: { readonly carried: readonly string[]; readonly seen: ObservedPullSecret | undefined },
  ): Promise<WriteResult | string> {
    if (carried.length === 0 || seen === undefined) return content.value;
    const read = await readPullSecretValue(client, { namespace, name, seen, timeoutMs: CALL_MS });
    if (read.result !== 'read') return failed(read);
    return withCarried(content, read.value, carried) ?? { outcome: 'too-large' };
  }

  return async (namespace, change, settings, mayWrite) => {
    const { name } = settings;
    if (change.act === 'delete') return remove(namespace, name, change.seen, true);
    const { wanted, seen } = change;
    const { content } = wanted.rendering;
    if (content === undefined) return { outcome: 'too-large' };
    const value = await textFor(namespace, name, content, { carried: wanted.carried, seen });
    if (typeof value !== 'string') return value;
    if (!mayWrite()) return { outcome: 'not-elected' };
    if (change.act === 'apply') return apply(namespace, wanted, settings, value, seen);
    const removed = await remove(namespace, name, change.seen, false);
    // Whoever is elected by now: the create touches nothing that is there, and each moment without the Secret is one too many.
    return removed.outcome === 'deleted' ? create(namespace, wanted, settings, value) : removed;
  };
}

function failed({ result, message }: { readonly result: WriteFailure; readonly message: string }): WriteResult {
  return { outcome: FAILURES[result], why: message };
}
