// Whether what a pass would delete or empty may go: remembers what went a short while ago and what is waiting, and uses a
// confirmation up before anything is taken away by it. What is waiting is also noted where a restart and other replicas find
// it. The surprising rule: a confirmation that nothing waits for is taken back, or it would serve the next mistake.
import { judgeRemovals, RECENT_MS } from '../core/removal-guard.ts';

export interface RemovalNotes {
  /** How many removals somebody has confirmed. */
  readonly confirmed: number;
  /** How many were waiting when that was last noted. */
  readonly held: number;
}

export interface RemovalPorts {
  notes(): RemovalNotes;
  /** Notes how many are waiting and takes the confirmation back, in one write; resolves to whether it was written. */
  note(held: number): Promise<boolean>;
  now(): number;
}

export interface RemovalGuard {
  /** @param planned by a look at all namespaces @param total pull Secrets of ours @returns whether they may go */
  admit(planned: number, total: number): Promise<boolean>;
  /** One went. */
  count(): void;
  /** Somebody else was elected in between: what is noted counts, not what was known here. */
  begin(): void;
}

export function createRemovalGuard(ports: RemovalPorts): RemovalGuard {
  const gone: number[] = [];
  let waiting = false;

  function countRecent(now: number): number {
    while (gone[0] !== undefined && now - gone[0] > RECENT_MS) gone.shift();
    return gone.length;
  }

  return {
    async admit(planned, total) {
      const { confirmed, held } = ports.notes();
      waiting ||= held > 0;
      const verdict = judgeRemovals({ planned, total, confirmed, waiting, recent: countRecent(ports.now()) });
      if (verdict === 'held') {
        waiting = true;
        if (held !== planned && confirmed === 0) await ports.note(planned);
        return false;
      }
      const isNoted = confirmed > 0 || held > 0;
      if (isNoted && !(await ports.note(0)) && verdict === 'confirmed') return false;
      waiting = false;
      return true;
    },
    count: () => void gone.push(ports.now()),
    begin() {
      waiting = false;
    },
  };
}
