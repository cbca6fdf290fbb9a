// Paired rounds: every server in each round, a moment at a time in turns, so that whatever the machine does meanwhile meets all of them
// alike. A first round, in which programs are still compiled and caches filled, does not count.
import type { Random } from './random.ts';

export interface Rounds {
  readonly rounds: number;
  /** Says how far it is. */
  readonly say: (text: string) => void;
}

/**
 * How long a turn is. What disturbs a machine lasts for seconds, and by then all had theirs. And nobody waits so long that its code
 * is dropped.
 */
export const TURN_S = 0.25;

/**
 * @param measure gives what came out for each server
 * @returns that of each server, by round
 */
export async function pairedRounds<T>(
  { rounds, say }: Rounds,
  measure: (isWarmUp: boolean) => Promise<readonly T[]>,
): Promise<T[][]> {
  say('warming up');
  const measured = (await measure(true)).map((): T[] => []);
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    for (const [index, result] of (await measure(false)).entries()) measured[index]?.push(result);
  }
  return measured;
}

/** Each of them for a turn, in an order that chance makes anew, until all had their time. Without turns each has it at once. */
export async function takeTurns<S>(
  servers: readonly S[],
  { seconds, turnSeconds = seconds, random }: { seconds: number; turnSeconds?: number | undefined; random: Random },
  work: (server: S, seconds: number) => Promise<void>,
): Promise<void> {
  for (let done = 0; done < seconds; done += turnSeconds) {
    for (const server of random.shuffle(servers)) await work(server, turnSeconds);
  }
}
