// A counter by reason for what happens in every admission. prom-client checks and hashes the labels of each increment, which takes
// as long as a decision; so it is given the sums when somebody reads them.
import { Counter, type Registry } from 'prom-client';

export interface Tally extends Pick<Counter<'reason'>, 'get'> {
  count(reason: string): void;
}

export function createTally(name: string, help: string, registry: Registry): Tally {
  const counts = new Map<string, number>();
  const counter = new Counter({
    ...{ name, help, labelNames: ['reason'], registers: [registry] },
    collect() {
      for (const [reason, count] of counts) this.inc({ reason }, count);
      counts.clear();
    },
  });
  const count = (reason: string): void => void counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return Object.assign(counter, { count });
}
