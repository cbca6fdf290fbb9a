// What `npm run bench` is asked to do: which parts, how long, and where the results go.
import { parseArgs } from 'node:util';

export const PARTS = ['webhook', 'reader', 'phases', 'credentials', 'e2e', 'start', 'memory'] as const;
export type Part = (typeof PARTS)[number];

export interface Plan {
  readonly parts: readonly Part[];
  readonly rounds: number;
  /** Of one round of one server. */
  readonly seconds: number;
  /** Sizes of reviews, in KB. */
  readonly sizes: readonly number[];
  /** Enough to see that it works, not to believe a figure. */
  readonly quick: boolean;
  /** The longest runs too: ten thousand namespaces, half an hour of steady load. */
  readonly full: boolean;
  /** Of the steady load on the largest cluster of part memory, if it is the full one. */
  readonly minutes: number;
  /** The file that keeps the results; absent: they are only printed. */
  readonly out?: string;
  /** As it can be typed again. */
  readonly command: string;
  readonly say: (text: string) => void;
}

/** Less, and a program is measured that is still being compiled. */
const WARM_UP_S = 1.5;

/** How long one server has in a round. */
export function lengthOf({ seconds }: Pick<Plan, 'seconds'>, isWarmUp: boolean): number {
  return isWarmUp ? Math.max(seconds, WARM_UP_S) : seconds;
}

export const USAGE = `usage: npm run bench -- [options]

  --only PART[,PART]   ${PARTS.join(', ')} (default: all)
  --quick              a look at whether it works; prints the results and keeps none
  --rounds N           of each comparison (default: 5; with --quick 1)
  --seconds N          of one round of one server (default: 2; with --quick 0.3)
  --sizes KB[,KB]      of the reviews (default: 2,7,60; with --quick 7)
  --minutes N          of steady load in part memory with FULL=1 (default: 30)
  --out FILE           where the results are kept (default: bench/results.md)

FULL=1 in the environment: part memory also with 10,000 namespaces, and for 30 minutes.
`;

/** @throws with a sentence for whoever typed it */
export function readPlan(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Omit<Plan, 'say'> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      sizes: { type: 'string' },
      minutes: { type: 'string', default: '30' },
      out: { type: 'string' },
    },
  });
  const { quick } = values;
  const full = env.FULL === '1';
  const out = values.out ?? (quick ? undefined : 'bench/results.md');
  return {
    parts: partsOf(values.only),
    rounds: numberOf('rounds', values.rounds ?? (quick ? '1' : '5')),
    seconds: numberOf('seconds', values.seconds ?? (quick ? '0.3' : '2')),
    sizes: (values.sizes ?? (quick ? '7' : '2,7,60')).split(',').map((size) => numberOf('sizes', size)),
    ...{ quick, full },
    minutes: numberOf('minutes', values.minutes),
    ...(out === undefined ? {} : { out }),
    command: [full ? 'FULL=1 npm run bench' : 'npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
  };
}

function partsOf(only: string | undefined): readonly Part[] {
  if (only === undefined) return PARTS;
  const wanted = only.split(',');
  const unknown = wanted.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) throw new Error(`there is no part "${unknown}": ${PARTS.join(', ')}`);
  return PARTS.filter((part) => wanted.includes(part));
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text === '' || !(value > 0)) throw new Error(`--${name} "${text}" is not a number above 0`);
  return value;
}
