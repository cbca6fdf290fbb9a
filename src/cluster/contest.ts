// How long to hold a write back because somebody undoes it again and again, say a GitOps tool. Most who undo something do it
// once, and are answered at once; who goes on is answered more and more slowly. The surprising rule: it counts what was
// undone, whoever had written it, so that replicas which see the same are slow together instead of taking turns.
import type { Time } from './time.ts';

export interface Contest {
  /** Call when what was right is not so any more, by another's doing. */
  undone(): void;
  /** Milliseconds to wait before the next write. */
  holdBackMs(): number;
  /** Whether this is asked for the first time since it began. */
  isNew(): boolean;
}

/** So many are answered at once. */
const FREE = 60;
/** One is forgotten in that time, so who undoes more rarely is always answered at once. */
const FORGOTTEN_MS = 5_000;
const FIRST_MS = 100;
const CEILING_MS = 5_000;
/** More would only make it last longer: the ceiling is reached. */
const MOST = FREE + 7;

export function contest({ now }: Pick<Time, 'now'>): Contest {
  let level = 0;
  let at = now();
  let told = false;
  function settle(): number {
    const passed = now() - at;
    at += passed;
    // A clock that went back says nothing.
    level = Math.max(0, level - Math.max(0, passed) / FORGOTTEN_MS);
    return level;
  }
  return {
    undone() {
      if (settle() === 0) told = false;
      level = Math.min(MOST, settle() + 1);
    },
    holdBackMs() {
      const over = settle() - FREE;
      return over > 0 ? Math.min(CEILING_MS, FIRST_MS * 2 ** (over - 1)) : 0;
    },
    isNew() {
      const first = !told;
      told = true;
      return first;
    },
  };
}
