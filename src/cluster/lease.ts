// Elects one replica by a Lease (coordination.k8s.io/v1), as client-go's leaderelection does. Another's Lease is judged by our
// own clock since we last saw it change, never by the times in it, because clocks differ. The holder believes itself elected
// only for a part of the time that others wait, counted from before its last renewal was sent; `held` asks the clock each
// time, so that a replica that was frozen knows at once that it is late. Every write is bound to the version that was seen.
import type { Client, Log } from './client.ts';
import { formatMicroTime, type LeaseCallResult, type LeaseRecord, readLease, writeLease } from './lease-record.ts';
import type { Time } from './time.ts';

export interface LeaseOptions {
  readonly client: Pick<Client, 'call'>;
  readonly namespace: string;
  readonly name: string;
  /** Unique among the replicas. */
  readonly identity: string;
  readonly time: Time;
  readonly log: Log;
  /** How long others wait for a holder that says nothing. */
  readonly durationMs?: number;
  readonly renewMs?: number;
  /** Never called twice without `onLost` in between. */
  onGained(): void;
  onLost(): void;
}

export interface Lease {
  /** Whether this replica may write now. */
  held(): boolean;
  /** Who holds it as last seen. */
  holder(): string | undefined;
  /** Gives it up, so that another takes it at once; never rejects. */
  release(): Promise<void>;
}

const DURATION_MS = 12_000;
const RENEW_MS = 2_000;
/** The part of the duration for which the holder believes itself elected. */
const BELIEF = 2 / 3;
const RELEASE_MS = 2_000;

export function holdLease(options: LeaseOptions): Lease {
  const { time, log, identity, durationMs = DURATION_MS, renewMs = RENEW_MS } = options;
  const stopping = new AbortController();
  const beliefMs = durationMs * BELIEF;
  let seen: LeaseRecord | undefined;
  /** When we saw the record change. */
  let seenAt = 0;
  /** When the last renewal that succeeded was sent. */
  let renewedAt: number | undefined;
  let told = false;

  function held(): boolean {
    if (renewedAt === undefined) return false;
    const age = time.now() - renewedAt;
    // A clock that went back says nothing about how long ago it was.
    if (age >= 0 && age < beliefMs) return true;
    renewedAt = undefined;
    return false;
  }

  function tell(): void {
    const now = held();
    if (now === told) return;
    told = now;
    log.info(now ? 'this replica is elected' : 'this replica is not elected any more', { identity });
    if (now) options.onGained();
    else options.onLost();
  }

  function observe(record: LeaseRecord | undefined): void {
    if (record?.resourceVersion !== seen?.resourceVersion) seenAt = time.now();
    if (record?.holder !== seen?.holder && record?.holder) log.info('a replica is elected', { holder: record.holder });
    seen = record;
  }

  function isFree({ holder, durationMs: theirs }: LeaseRecord): boolean {
    return holder === '' || time.now() - seenAt >= theirs;
  }

  /** One try to take or renew it. */
  async function turn(): Promise<void> {
    // The holder knows what is there: it wrote it.
    if (!held()) {
      const read = await readLease(options, renewMs);
      if ('unavailable' in read) return;
      observe(read.record);
      if (seen !== undefined && seen.holder !== identity && !isFree(seen)) return;
    }
    const sentAt = time.now();
    const mine = seen?.holder === identity;
    const timeoutMs = Math.max(renewMs, beliefMs / 2);
    const result: LeaseCallResult = await writeLease(options, timeoutMs, {
      seen,
      holder: identity,
      durationSeconds: Math.ceil(durationMs / 1_000),
      acquired: mine ? (seen?.acquired ?? formatMicroTime(sentAt)) : formatMicroTime(sentAt),
      renewed: formatMicroTime(sentAt),
      transitions: (seen?.transitions ?? -1) + (mine ? 0 : 1),
    });
    if ('written' in result) {
      observe(result.written);
      // The answer may have taken longer than the belief; then it is not held.
      renewedAt = sentAt;
    } else if (result.conflict) renewedAt = undefined;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        tell();
        await turn();
        if (!stopping.signal.aborted) tell();
      } catch (error) {
        log.error('a turn of the election failed', { why: error instanceof Error ? error.name : 'unknown' });
      }
      await time.sleep(renewMs * (1 - time.random() / 5), stopping.signal);
    }
  }

  const running = run();
  return {
    held,
    holder: () => (seen?.holder === '' ? undefined : seen?.holder),
    async release() {
      stopping.abort();
      await Promise.race([running, time.sleep(RELEASE_MS)]);
      const wasHeld = held();
      renewedAt = undefined;
      tell();
      if (!wasHeld || seen?.holder !== identity) return;
      const { acquired, transitions } = seen;
      const renewed = formatMicroTime(time.now());
      await writeLease(options, RELEASE_MS, { seen, holder: '', durationSeconds: 1, acquired, renewed, transitions });
    },
  };
}
