// Paired rounds: every server once in each round, in an order that chance makes anew, so that whatever the machine does meanwhile
// meets all of them alike. A first round, in which programs are still compiled and caches filled, does not count.
import type { Random } from './random.ts';

export interface RoundsOptions<S> {
  readonly servers: readonly S[];
  readonly rounds: number;
  readonly random: Random;
  /** Says how far it is. */
  readonly say: (text: string) => void;
}

/** @returns what was measured of each server, by round, in the order of `servers` */
export async function pairedRounds<S, T>(
  { servers, rounds, random, say }: RoundsOptions<S>,
  measure: (server: S, isWarmUp: boolean) => Promise<T>,
): Promise<T[][]> {
  const measured = servers.map((): T[] => []);
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
    for (const index of random.shuffle([...servers.keys()])) {
      const result = await measure(servers[index] as S, round === 0);
      if (round > 0) measured[index]?.push(result);
    }
  }
  return measured;
}
