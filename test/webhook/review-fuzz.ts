// Holds the scan of reviews to JSON.parse: for every body, mutated in structure or in bytes, both must read the same or refuse it for
// the same. As a program: `node test/webhook/review-fuzz.ts COUNT [SEED]`.
import { selectWorkloads } from '../../src/core/workload.ts';
import { openWalk } from '../../src/webhook/json-walk.ts';
import { createReviewReader, parseReview } from '../../src/webhook/review.ts';
import { createReviewScan } from '../../src/webhook/review-scan.ts';
import { makeBody, randomFrom } from './review-mutations.ts';

export const WORKLOADS = selectWorkloads([
  'Deployment',
  'CronJob',
  'PodTemplate',
  { group: 'argoproj.io', kind: 'Rollout', podSpec: '/spec/template/spec', update: true },
  { group: 'odd.example', kind: 'Bare', podSpec: '/spec' },
]);

const walk = openWalk();
const read = createReviewReader(WORKLOADS, walk);
const { scan } = createReviewScan(WORKLOADS, walk);

/** @returns what differs, as text; undefined: nothing */
export function differenceOf(body: Buffer): string | undefined {
  // In pieces, somewhere.
  const cut = (body.length * 7919) % (body.length + 13);
  const pieces = [body.subarray(0, cut), body.subarray(cut)];
  const [scanned, parsed] = [read(pieces), parseReview(body, WORKLOADS)].map((result) => JSON.stringify(result));
  return scanned === parsed ? undefined : `${JSON.stringify(body.toString('latin1'))}\n${scanned}\n${parsed}`;
}

export interface FuzzResult {
  readonly differences: readonly string[];
  /** That the scan read without JSON.parse, and that are reviews at all. */
  readonly scanned: number;
  readonly reviews: number;
}

export function fuzz(count: number, seed: number): FuzzResult {
  const random = randomFrom(seed);
  const differences: string[] = [];
  let [scanned, reviews] = [0, 0];
  for (let i = 0; i < count && differences.length < 10; i++) {
    const body = makeBody(random);
    const difference = differenceOf(body);
    if (difference !== undefined) differences.push(`seed ${seed}, body ${i}: ${difference}`);
    if (i % 16 !== 0) continue;
    if (scan([body]) !== undefined) scanned += 1;
    if (parseReview(body, WORKLOADS).ok) reviews += 1;
  }
  return { differences, scanned: scanned * 16, reviews: reviews * 16 };
}

if (process.argv[1] === import.meta.filename) {
  const [count = '1000000', seed = `${Date.now() % 1e9}`] = process.argv.slice(2);
  const { differences, scanned, reviews } = fuzz(Number(count), Number(seed));
  process.stdout.write(
    `${count} bodies from seed ${seed}: about ${reviews} reviews, ${scanned} scanned; ${differences.length} differences\n`,
  );
  for (const difference of differences) process.stdout.write(`${difference}\n`);
  process.exitCode = differences.length === 0 ? 0 : 1;
}
