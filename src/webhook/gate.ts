// Who may come in. Bookkeeping of what is under way, so that overload ends in a quick "come again" and never in memory that
// runs out. The surprising rule: a body counts by what has arrived of it, not by what was announced, or a few clients
// that announce much and send nothing would keep everybody else out.
import type { OverloadReason } from '../core/reason.ts';

export interface GateOptions {
  readonly limits: Limits;
  /** Whether the event loop has more to do than it can. */
  readonly tooBusy: () => boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

export interface Limits {
  /** Of all bodies that are being read or whose answer is being made. */
  readonly bytes: number;
  /** Requests that were read and wait for their answer. Those that are still being sent count by their bytes alone. */
  readonly requests: number;
}

export interface Ticket {
  /** When the head of the request was there. */
  readonly arrived: number;
  /** For each piece of the body; false: it is refused, and all that it held must be let go. */
  take(bytes: number): boolean;
  /** For the whole body, before it is parsed, and after the client may have gone; a reason: it is refused. */
  begin(): OverloadReason | undefined;
  /** Once, whatever became of it. */
  leave(): void;
}

export interface Gate {
  /** @param announced bytes of the body, 0 if it was not said */
  enter(announced: number): Ticket | OverloadReason;
}

/** What holding a piece costs beside its bytes, so that many tiny ones cannot hold much more than they count for. */
const PIECE_BYTES = 256;

export function createGate({ limits, tooBusy, now }: GateOptions): Gate {
  let held = 0;
  let answering = 0;

  function refusal(announced: number): OverloadReason | undefined {
    if (tooBusy()) return 'overloaded-loop';
    if (answering >= limits.requests) return 'overloaded-requests';
    return held + announced > limits.bytes ? 'overloaded-bytes' : undefined;
  }

  function admit(): Ticket {
    let own = 0;
    let begun = 0;
    let hasLeft = false;

    function giveBack(): void {
      held -= own;
      own = 0;
    }

    return {
      arrived: now(),
      take(bytes) {
        own += bytes + PIECE_BYTES;
        held += bytes + PIECE_BYTES;
        if (held <= limits.bytes) return true;
        giveBack();
        return false;
      },
      begin() {
        if (answering >= limits.requests) return 'overloaded-requests';
        if (hasLeft) return undefined;
        begun = 1;
        answering += 1;
        return undefined;
      },
      leave() {
        hasLeft = true;
        giveBack();
        answering -= begun;
        begun = 0;
      },
    };
  }

  return { enter: (announced) => refusal(announced) ?? admit() };
}
