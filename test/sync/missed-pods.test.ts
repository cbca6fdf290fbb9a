// When the Pending Pods are looked at, and what comes of a look.
import t from 'tap';
import { type Owner, type PendingPod, readPendingPod } from '../../src/core/missed-pod.ts';
import { DEFAULT_PULL_SECRET_NAME as OURS } from '../../src/core/names.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import type { Labels } from '../../src/core/selector.ts';
import { PLAIN_SERVICE_ACCOUNT } from '../../src/core/surroundings.ts';
import { createMissedPods, intervalFor, type PodEvent, type ScanReport } from '../../src/sync/missed-pods.ts';
import { credential } from '../core/given.ts';
import { manualTime } from './manual-time.ts';

const SECOND = 1_000;
const AROUND = { serviceAccount: PLAIN_SERVICE_ACCOUNT, pullSecret: undefined };
const OWNER: Owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d', uid: 'owner' };

interface Given {
  readonly name?: string;
  readonly image?: string;
  readonly listed?: readonly string[];
  readonly owner?: Owner;
  readonly isStuck?: boolean;
}

function podOf(
  namespace: string,
  { name = 'web', image = 'r.io/app', listed = [], owner, isStuck = false }: Given = {},
): PendingPod {
  const spec = { containers: [{ image }], imagePullSecrets: listed.map((one) => ({ name: one })) };
  const pod = readPendingPod({ metadata: { name, namespace, uid: `uid of ${namespace}/${name}` }, spec } as never);
  if (pod === undefined) throw new Error(`${namespace}/${name} is left alone`);
  return { ...pod, owner, isStuck };
}

type Listing = { readonly pods: readonly PendingPod[]; readonly total: number };

function start(
  list: (nth: number) => Listing | Promise<Listing>,
  { random = 0, labels = () => ({}) }: { random?: number; labels?: (namespace: string) => Labels | undefined } = {},
) {
  const time = manualTime();
  const at: number[] = [];
  const awaited: string[] = [];
  const said: PodEvent[] = [];
  const repaired: string[] = [];
  const reports: ScanReport[] = [];
  const failures: unknown[] = [];
  const breaths: number[] = [];
  const missed = createMissedPods({
    async list() {
      at.push((time.now() - 1_000_000) / SECOND);
      return list(at.length);
    },
    labels,
    policy: () => compilePolicy([credential('r', ['r.io'])]),
    around: ({ name }) => (name === 'unknown' ? undefined : AROUND),
    pullSecretName: OURS,
    awaited: (namespaces) => void awaited.push([...namespaces].sort().join()),
    say: (event) => void said.push(event),
    repair: (pods) => void repaired.push(pods.map(({ name }) => name).join()),
    report: (report) => void reports.push(report),
    failed: (error) => void failures.push(error),
    breathe: async () => void breaths.push(time.now()),
    random: () => random,
    later: time.later,
  });
  return { missed, time, at, awaited, said, repaired, reports, failures, breaths };
}

const listing = (pods: readonly PendingPod[], total = pods.length): Listing => ({ pods, total });

t.test('the more Pods are Pending, the rarer the look, up to five minutes', async (t) => {
  const rows = [
    [0, 20],
    [1_999, 20],
    [2_000, 40],
    [4_000, 60],
    [28_000, 300],
    [1_000_000, 300],
  ] as const;
  for (const [pods, seconds] of rows) t.equal(intervalFor(pods), seconds * SECOND, `${pods} Pods`);
});

t.test('at once, then at the interval that follows from what was found', async (t) => {
  const { missed, time, at } = start((nth) => listing([], nth === 2 ? 2_500 : 0));
  missed.start();
  missed.start();
  await time.pass(100 * SECOND);
  t.same(at, [0, 20, 60, 80, 100], 'and starting twice makes no two of them');
  const jittered = start(() => listing([]), { random: 0.5 });
  jittered.missed.start();
  await jittered.time.pass(40 * SECOND);
  t.same(jittered.at, [0, 18, 36], 'never later than the interval');
});

t.test('a list that cannot be had is reported and asked for again', async (t) => {
  const { missed, time, at, failures, reports, awaited } = start((nth) => {
    if (nth === 1) throw new Error('away');
    return listing([podOf('shop')]);
  });
  missed.start();
  await time.pass(10 * SECOND);
  t.match(failures, [{ message: 'away' }]);
  t.same(awaited, [], 'which says nothing about who waits');
  await time.pass(10 * SECOND);
  t.same([at, reports.length], [[0, 20], 1]);
});

t.test('what is found: who waits, whom it is said of, what may be made anew', async (t) => {
  const job: Owner = { ...OWNER, apiVersion: 'batch/v1', kind: 'Job', uid: 'job' };
  const pods = [
    podOf('missed', { name: 'alone' }),
    podOf('stuck', { name: 'stuck', owner: OWNER, isStuck: true }),
    podOf('starting', { name: 'starting', owner: OWNER }),
    podOf('job', { name: 'job', owner: job, isStuck: true }),
    podOf('waiting', { listed: [OURS] }),
    podOf('public', { image: 'nginx' }),
    podOf('closed'),
    podOf('open', { name: 'unknown' }),
  ];
  const { missed, time, awaited, said, repaired, reports } = start(() => listing(pods, 77), {
    labels: (namespace) => (namespace === 'closed' ? undefined : {}),
  });
  missed.start();
  await time.pass(SECOND);
  t.same(awaited, ['job,missed,starting,stuck,waiting'], 'those of missed and of waiting Pods');
  t.same(repaired, ['stuck'], 'what is stuck and comes back');
  t.equal(reports[0]?.pending, 77, 'all that are Pending');
  t.same(
    reports[0]?.missed.map(({ name, needs }) => [name, needs]),
    ['alone', 'stuck', 'starting', 'job'].map((name) => [name, [{ credential: 'r', pattern: 'r.io' }]]),
  );
  t.same(
    said.map(({ about: { kind, name, namespace } }) => `${kind} ${namespace}/${name}`),
    [
      'Pod missed/alone',
      'Pod stuck/stuck',
      'ReplicaSet stuck/web-5d',
      'Pod starting/starting',
      'ReplicaSet starting/web-5d',
      'Pod job/job',
      'Job job/web-5d',
    ],
  );
});

t.test('an Event says what is wrong and what helps, to each once in the same words', async (t) => {
  const pods = [podOf('shop', { name: 'alone' }), ...['a', 'b'].map((name) => podOf('shop', { name, owner: OWNER }))];
  const { missed, time, said } = start(() => listing(pods));
  missed.start();
  await time.pass(SECOND);
  const [alone, ofPod, ofOwner, , again] = said;
  for (const event of said) t.match(event, { type: 'Warning', reason: 'PullSecretMissed' });
  t.match(alone, {
    about: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'alone', uid: 'uid of shop/alone' },
    message: `imagePullSecrets does not list "${OURS}": delete it and create it again`,
  });
  t.match(ofPod, { about: { name: 'a' }, message: /: delete it, and it is made anew with it$/ });
  t.match(ofOwner, { about: { ...OWNER, namespace: 'shop' }, message: /delete them, or restart the rollout$/ });
  t.same(again, ofOwner, 'so that of many Pods of an owner one Event is left');
});

t.test('a look at many Pods lets others have their turn', async (t) => {
  const pods = Array.from({ length: 250 }, (_, i) => podOf('shop', { name: `p${i}` }));
  const { missed, time, breaths, reports } = start(() => listing(pods));
  missed.start();
  await time.pass(SECOND);
  t.equal(breaths.length, 2);
  t.equal(reports[0]?.missed.length, 250);
});

t.test('stop waits for a look under way, which then says nothing', async (t) => {
  const slow = Promise.withResolvers<Listing>();
  const { missed, time, at, awaited, said, repaired, reports } = start(() => slow.promise);
  missed.start();
  await time.pass(SECOND);
  let stopped = false;
  const stopping = missed.stop().then(() => {
    stopped = true;
  });
  await time.pass(SECOND);
  t.equal(stopped, false, 'it waits');
  slow.resolve(listing([podOf('shop', { owner: OWNER, isStuck: true })]));
  await stopping;
  await time.pass(1_000 * SECOND);
  t.same([awaited, said, repaired, reports], [[], [], [], []]);
  t.same(at, [0], 'and nothing is looked at any more');
  t.equal(time.waiting(), 0);
});

t.test('stopped between two looks, it can begin again', async (t) => {
  const { missed, time, at } = start(() => listing([]));
  missed.start();
  await time.pass(SECOND);
  await missed.stop();
  await time.pass(100 * SECOND);
  t.same(at, [0]);
  missed.start();
  await time.pass(20 * SECOND);
  t.same(at, [0, 101, 121]);
});

t.test(
  'elected again while a look of before is under way: one chain of looks, and nothing said of the old one',
  async (t) => {
    const slow = Promise.withResolvers<Listing>();
    const { missed, time, at, awaited, failures } = start((nth) => (nth === 1 ? slow.promise : listing([])));
    missed.start();
    await time.pass(SECOND);
    const stopping = missed.stop();
    missed.start();
    await time.pass(SECOND);
    slow.resolve(listing([podOf('shop')]));
    await stopping;
    await time.pass(100 * SECOND);
    t.same(at, [0, 1, 21, 41, 61, 81, 101]);
    t.notOk(awaited.includes('shop'));
    const broken = Promise.withResolvers<Listing>();
    const other = start(() => broken.promise);
    other.missed.start();
    await other.time.pass(SECOND);
    const ending = other.missed.stop();
    broken.reject(new Error('given up'));
    await ending;
    t.same([failures, other.failures], [[], []], 'a list that was given up at the end is no failure');
  },
);
