// Whether admissions come so closely that what can wait should give way to them. It is asked by whoever waits, now and then, and
// costs an admission the sum of one.
import type { Admit } from '../webhook/admission.ts';

export interface Traffic {
  readonly admit: Admit;
  isDense(): boolean;
}

/** Of fewer each has the event loop to itself nearly always. */
const DENSE_PER_SECOND = 20;
/** Shorter would call two that come together dense. */
const WINDOW_MS = 100;

/** @param now milliseconds of a clock that never goes back */
export function watchTraffic(admit: Admit, now: () => number): Traffic {
  let began = now();
  let count = 0;
  let dense = false;
  return {
    admit(review, timeoutMs) {
      count += 1;
      return admit(review, timeoutMs);
    },
    isDense() {
      const ms = now() - began;
      if (ms < WINDOW_MS) return dense;
      dense = count >= (DENSE_PER_SECOND * ms) / 1_000;
      began += ms;
      count = 0;
      return dense;
    },
  };
}
