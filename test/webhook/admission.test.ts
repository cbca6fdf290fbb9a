// One admission over a cluster in memory: what is looked up and written, and what is not, until the answer stands.
import t from 'tap';
import { parsePattern } from '../../src/core/pattern.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import type { EnsureReason } from '../../src/core/reason.ts';
import { type LabelSelector, type Labels, selects } from '../../src/core/selector.ts';
import { readSubject } from '../../src/core/subject.ts';
import type { PullSecretState, ServiceAccountState } from '../../src/core/surroundings.ts';
import { selectWorkloads } from '../../src/core/workload.ts';
import { createAdmission, type Found } from '../../src/webhook/admission.ts';
import type { Soon } from '../../src/webhook/soon.ts';
import { renderingsOf } from '../core/given.ts';
import { secret } from './fake-cluster.ts';

const OWN = 'pullpass-system';
const NAME = 'pullpass-dockercfg';
const FORMER = 'our-old-name';
const PRIVATE = 'ghcr.io/acme/app:1';
const ENABLED = { 'pullpass.dev/inject': 'enabled' };
const LISTED = [{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: NAME }] }];

interface Cluster {
  /** What the answers about the namespace are, one after the other; the last stays. */
  readonly namespaces?: readonly Found<{ readonly labels: Labels }>[];
  readonly serviceAccount?: Found<ServiceAccountState>;
  readonly pullSecret?: () => PullSecretState | undefined;
  readonly ensured?: EnsureReason;
  readonly credentialFor?: LabelSelector;
  readonly workloads?: Parameters<typeof selectWorkloads>[0];
  /** Milliseconds that each look-up takes. */
  readonly lookUpMs?: number;
}

/** Everything is asked twice: where all is known at once, and where each thing has to be waited for. */
function setUp(cluster: Cluster = {}) {
  const known = open(cluster, (value) => value);
  const late = open(cluster, async (value) => value);
  async function review(...given: Parameters<typeof known.review>) {
    const verdict = await known.review(...given);
    t.same(await late.review(...given), verdict, 'the verdict does not depend on what is waited for');
    t.same(late.calls, known.calls, 'nor does what is asked');
    return verdict;
  }
  return { ...known, review };
}

function open(cluster: Cluster, soon: <T>(value: T) => Soon<T>) {
  const parsed = parsePattern('ghcr.io');
  if (!parsed.ok) throw new Error(parsed.problem);
  const namespaces = [...(cluster.namespaces ?? [{ found: { labels: ENABLED } }])];
  const calls: string[] = [];
  const allowed: number[] = [];
  let clock = 0;
  const admit = createAdmission(
    {
      participation: { namespaces: { matchLabels: ENABLED }, own: OWN },
      pullSecretName: NAME,
      formerNames: [FORMER],
    },
    {
      namespace(name, _takesPart, withinMs) {
        calls.push(`namespace ${name}`);
        allowed.push(withinMs);
        clock += cluster.lookUpMs ?? 0;
        return soon((namespaces.length > 1 ? namespaces.shift() : namespaces[0]) ?? { absent: true });
      },
      serviceAccount(namespace, name, withinMs) {
        calls.push(`ServiceAccount ${namespace}/${name}`);
        allowed.push(withinMs);
        clock += cluster.lookUpMs ?? 0;
        return soon(cluster.serviceAccount ?? { absent: true });
      },
      pullSecret: cluster.pullSecret ?? (() => undefined),
    },
    ({ namespace, needs, timeoutMs }) => {
      calls.push(`ensure ${namespace} ${needs.map(({ credential }) => credential)} within ${timeoutMs}`);
      return soon(cluster.ensured ?? 'created');
    },
    () => {
      const policy = compilePolicy([
        {
          name: 'ghcr',
          patterns: [{ pattern: parsed.value, hasLogin: true }],
          except: [],
          ...(cluster.credentialFor === undefined ? {} : { namespaces: cluster.credentialFor }),
        },
      ]);
      return { policy, renderings: renderingsOf(policy) };
    },
    () => clock,
  );
  const review = (image: string, more: object = {}) => {
    const object = { spec: { containers: [{ name: 'c', image }] } };
    const kind = { group: '', kind: 'Pod' };
    const request = {
      uid: 'u',
      kind,
      operation: 'CREATE',
      subResource: '',
      namespace: 'shop',
      name: '',
      dryRun: false,
    };
    const reviewed = { ...request, object, oldObject: undefined, ...more };
    return admit({ ...reviewed, subject: readSubject(reviewed, selectWorkloads(cluster.workloads ?? [])) }, 5_000);
  };
  return { calls, review, allowed };
}

t.test('a private image: looked up, ensured within what is left of the time, listed', async (t) => {
  const { calls, review } = setUp();
  t.match(await review(PRIVATE), { reason: 'injected', ensured: 'created', patch: LISTED, warnings: [] });
  t.same(calls, ['namespace shop', 'ServiceAccount shop/default', 'ensure shop ghcr within 5000']);
});

t.test('a public image: nothing but the namespace is looked up', async (t) => {
  const { calls, review } = setUp();
  t.match(await review('nginx'), { reason: 'no-private-image', patch: [] });
  t.same(calls, ['namespace shop']);
});

t.test('system namespaces and our own: nothing is looked up at all', async (t) => {
  for (const namespace of [OWN, 'kube-system', 'kube-public', 'kube-node-lease']) {
    const { calls, review } = setUp();
    t.match(await review(PRIVATE, { namespace }), { reason: 'namespace-excluded', patch: [] });
    t.same(calls, []);
  }
});

t.test('a dry run gets the same patch and ensures nothing', async (t) => {
  const { calls, review } = setUp();
  t.match(await review(PRIVATE, { dryRun: true }), { reason: 'injected', ensured: 'dry-run', patch: LISTED });
  t.notOk(calls.some((call) => call.startsWith('ensure')));
});

t.test('the labels count, whatever the API server selected', async (t) => {
  for (const namespace of [{ absent: true }, { found: { labels: { team: 'shop' } } }] as const) {
    const { calls, review } = setUp({ namespaces: [namespace] });
    t.match(await review(PRIVATE), { reason: 'namespace-not-enabled', patch: [] });
    t.same(calls, ['namespace shop']);
  }
});

t.test('a Pod that lists a former name gets back what its ServiceAccount would have given it', async (t) => {
  const account = { found: { pullSecrets: ['theirs'], enforcesMountable: false } };
  const { review } = setUp({ serviceAccount: account });
  const spec = { containers: [{ name: 'c', image: 'nginx' }], imagePullSecrets: [{ name: FORMER }] };
  const verdict = await review('nginx', { object: { spec } });
  t.match(verdict, { reason: 'service-account-restored' });
  t.match(JSON.stringify(verdict), /theirs/);
});

t.test(
  'a Pod that lists only a Secret of our name that is not ours is warned, and its ServiceAccount counts',
  async (t) => {
    const account = { found: { pullSecrets: ['theirs'], enforcesMountable: false } };
    const { review } = setUp({ serviceAccount: account, pullSecret: () => secret([], false) });
    const spec = { containers: [{ name: 'c', image: PRIVATE }], imagePullSecrets: [{ name: NAME }] };
    const verdict = await review(PRIVATE, { object: { spec } });
    t.match(verdict, { reason: 'service-account-restored', warnings: [/not managed by Pullpass/] });
    t.match(JSON.stringify(verdict), /theirs/);
  },
);

t.test('could not tell is no answer', async (t) => {
  const namespace = await setUp({ namespaces: [{ unknown: 'busy' }] }).review(PRIVATE);
  t.strictSame(namespace, { couldNotTell: 'namespace: busy' });
  const account = await setUp({ serviceAccount: { unknown: 'busy' } }).review(PRIVATE);
  t.strictSame(account, { couldNotTell: 'ServiceAccount: busy' });
});

t.test('an image whose credential is not for these labels gets a second look', async (t) => {
  const credentialFor = { matchLabels: { further: 'yes' } };
  const old = { found: { labels: ENABLED } };
  const relabelled = { found: { labels: { ...ENABLED, further: 'yes' } } };
  t.ok(selects(credentialFor, relabelled.found.labels));
  const seen = await setUp({ namespaces: [old, relabelled], credentialFor }).review(PRIVATE);
  t.match(seen, { reason: 'injected', patch: LISTED });
  for (const second of [old, { unknown: 'busy' }, { absent: true }] as const) {
    const verdict = await setUp({ namespaces: [old, second], credentialFor }).review(PRIVATE);
    t.match(verdict, { reason: 'no-private-image', images: [{ reason: 'not-allowed' }], patch: [] });
  }
});

t.test('a Secret that only the write found to be foreign is not listed, and the user is told', async (t) => {
  let looks = 0;
  const pullSecret = () => (looks++ % 2 === 0 ? undefined : secret([], false));
  const verdict = await setUp({ pullSecret, ensured: 'foreign' }).review(PRIVATE);
  t.match(verdict, { reason: 'foreign-secret', patch: [], warnings: [/not managed by Pullpass/] });
});

t.test('a Secret that could not be written in time is listed all the same, with a warning', async (t) => {
  for (const ensured of ['quota', 'deadline', 'unavailable', 'forbidden', 'conflict'] as const) {
    const verdict = await setUp({ ensured }).review(PRIVATE);
    t.match(verdict, { reason: 'injected', ensured, patch: LISTED, warnings: [/is not written yet/] });
  }
});

t.test('only the request says where: the namespace in the object means nothing', async (t) => {
  const { calls, review } = setUp();
  const spec = { containers: [{ name: 'c', image: PRIVATE }] };
  await review(PRIVATE, { object: { metadata: { namespace: 'elsewhere' }, spec } });
  t.notOk(calls.join().includes('elsewhere'));
});

t.test('look-ups share a third of the time, and the write gets what is left of the whole', async (t) => {
  const old = { found: { labels: ENABLED } };
  const { calls, review, allowed } = setUp({ lookUpMs: 600 });
  await review(PRIVATE);
  t.same(allowed.map(Math.round), [1_667, 1_067]);
  t.equal(calls.at(-1), 'ensure shop ghcr within 3800');
  const again = setUp({ lookUpMs: 600, namespaces: [old], credentialFor: { matchLabels: { further: 'yes' } } });
  await again.review(PRIVATE);
  t.same(again.allowed.map(Math.round), [1_667, 1_067], 'a second look at the namespace has its part of it');
});

t.test('a ServiceAccount that cannot be told in time is no answer, for a template too', async (t) => {
  const kind = { group: 'apps', kind: 'Deployment' };
  const object = { spec: { template: { spec: { containers: [{ name: 'c', image: PRIVATE }] } } } };
  const { review } = setUp({ serviceAccount: { unknown: 'not found out in time' }, workloads: ['Deployment'] });
  t.strictSame(await review(PRIVATE, { kind, object }), { couldNotTell: 'ServiceAccount: not found out in time' });
});
