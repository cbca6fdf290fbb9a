// The decision for one object as a truth table: what it is, what stands around it, what is added and why.
import t from 'tap';
import { decideImages, needsSurroundings, planInjection, type Surroundings } from '../../src/core/injection.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { readSubject, type Subject } from '../../src/core/subject.ts';
import { PLAIN_SERVICE_ACCOUNT, type PullSecretState } from '../../src/core/surroundings.ts';
import { selectWorkloads } from '../../src/core/workload.ts';
import { credential } from './given.ts';

const OURS = 'pullpass-dockercfg';
const policy = compilePolicy([
  credential('r', ['r.io'], { except: ['r.io/public'] }),
  credential('e', ['e.io']),
  credential('team', ['t.io'], { namespaces: 'team' }),
  credential('later', ['later.io'], { missing: ['later.io'] }),
]);
const secret: PullSecretState = { uid: 'u', resourceVersion: '1', type: 'x', ours: true, credentials: [] };
const foreign = { ...secret, ours: false };

function subjectOf(kind: 'Pod' | 'Deployment', images: readonly string[], listed: readonly string[]): Subject {
  const spec = { containers: images.map((image) => ({ image })), imagePullSecrets: listed.map((name) => ({ name })) };
  const object = kind === 'Pod' ? { spec } : { spec: { template: { spec } } };
  const review = { kind: { group: kind === 'Pod' ? '' : 'apps', kind }, operation: 'CREATE', object };
  const subject = readSubject(review, selectWorkloads(['Deployment']));
  if (typeof subject === 'string') throw new Error(subject);
  return subject;
}

interface Row {
  readonly because: string;
  readonly kind: 'Pod' | 'Deployment';
  /** Absent: one that is served. */
  readonly image?: string;
  readonly listed?: readonly string[];
  readonly account?: readonly string[];
  readonly enforces?: true;
  readonly secret?: PullSecretState;
  readonly reason: string;
  readonly add: readonly string[];
}

const ROWS: readonly Row[] = [
  { because: 'the plain case', kind: 'Pod', reason: 'injected', add: [OURS] },
  { because: 'a template', kind: 'Deployment', reason: 'injected', add: [OURS] },
  { because: 'the Secret is there and ours', kind: 'Pod', secret, reason: 'injected', add: [OURS] },
  { because: 'beside what the user lists', kind: 'Pod', listed: ['u'], reason: 'injected', add: [OURS] },
  { because: 'a public image', kind: 'Pod', image: 'nginx', reason: 'no-private-image', add: [] },
  { because: 'listed already', kind: 'Pod', listed: [OURS], reason: 'already-listed', add: [] },
  { because: 'listed among others', kind: 'Deployment', listed: ['u', OURS], reason: 'already-listed', add: [] },
  // The first half of the ServiceAccount rule: a list in a template would take the ServiceAccount's Secrets from its Pods.
  {
    because: 'a template without a list',
    kind: 'Deployment',
    account: ['s'],
    reason: 'service-account-secrets',
    add: [],
  },
  {
    because: 'a template with one',
    kind: 'Deployment',
    listed: ['u'],
    account: ['s'],
    reason: 'injected',
    add: [OURS],
  },
  {
    because: 'only ours in a template',
    kind: 'Deployment',
    listed: [OURS],
    account: ['s'],
    reason: 'already-listed',
    add: [],
  },
  // The second half: a Pod that lists only ours also gets what its ServiceAccount has.
  { because: 'a bare Pod', kind: 'Pod', account: ['s', 's2'], reason: 'injected', add: [OURS, 's', 's2'] },
  {
    because: 'only ours listed',
    kind: 'Pod',
    listed: [OURS],
    account: ['s'],
    reason: 'service-account-restored',
    add: ['s'],
  },
  {
    because: 'even for public images',
    kind: 'Pod',
    image: 'nginx',
    listed: [OURS],
    account: ['s'],
    reason: 'service-account-restored',
    add: ['s'],
  },
  {
    because: 'even beside a foreign Secret',
    kind: 'Pod',
    listed: [OURS],
    account: ['s'],
    secret: foreign,
    reason: 'service-account-restored',
    add: ['s'],
  },
  {
    because: 'the user lists one: his choice',
    kind: 'Pod',
    listed: ['u'],
    account: ['s'],
    reason: 'injected',
    add: [OURS],
  },
  {
    because: 'ours and a user entry',
    kind: 'Pod',
    listed: [OURS, 'u'],
    account: ['s'],
    reason: 'already-listed',
    add: [],
  },
  {
    because: 'a bare Pod with public images',
    kind: 'Pod',
    image: 'nginx',
    account: ['s'],
    reason: 'no-private-image',
    add: [],
  },
  {
    because: 'the ServiceAccount names ours',
    kind: 'Pod',
    account: [OURS, 's', 's'],
    reason: 'injected',
    add: [OURS, 's'],
  },
  { because: 'it names nothing else', kind: 'Pod', listed: [OURS], account: [OURS], reason: 'already-listed', add: [] },
  // Kubernetes would reject the Pod.
  { because: 'it enforces', kind: 'Pod', enforces: true, reason: 'enforcing-service-account', add: [] },
  {
    because: 'it enforces, others',
    kind: 'Pod',
    enforces: true,
    account: ['s'],
    reason: 'enforcing-service-account',
    add: [],
  },
  {
    because: 'it enforces, and names ours',
    kind: 'Pod',
    enforces: true,
    account: [OURS],
    reason: 'injected',
    add: [OURS],
  },
  {
    because: 'it enforces: before foreign',
    kind: 'Pod',
    enforces: true,
    secret: foreign,
    reason: 'enforcing-service-account',
    add: [],
  },
  {
    because: 'public, though it enforces',
    kind: 'Pod',
    image: 'nginx',
    enforces: true,
    reason: 'no-private-image',
    add: [],
  },
  // Nobody can vouch for its content.
  { because: 'a foreign Secret', kind: 'Pod', secret: foreign, reason: 'foreign-secret', add: [] },
  {
    because: 'a foreign Secret that is listed',
    kind: 'Pod',
    listed: [OURS],
    secret: foreign,
    reason: 'foreign-secret',
    add: [],
  },
  {
    because: 'and in a template',
    kind: 'Deployment',
    account: ['s'],
    secret: foreign,
    reason: 'foreign-secret',
    add: [],
  },
];

t.test('the truth table', async (t) => {
  for (const row of ROWS) {
    const subject = subjectOf(row.kind, [row.image ?? 'r.io/app'], row.listed ?? []);
    const serviceAccount = { pullSecrets: row.account ?? [], enforcesMountable: row.enforces ?? false };
    const around: Surroundings = { serviceAccount, pullSecret: row.secret };
    const { reason, add, credentials } = planInjection(subject, decideImages(subject.images, {}, policy), around, OURS);
    t.same([reason, add], [row.reason, row.add], `${row.kind}: ${row.because}`);
    const listsOurs = reason === 'injected' || reason === 'already-listed';
    t.same(credentials, listsOurs ? ['r'] : [], `what the Secret must hold: ${row.because}`);
  }
});

t.test('why each image is, or is not, served', async (t) => {
  const images = ['r.io/app', 'r.io/public/app', 't.io/app', 'later.io/app', 'nginx', 'Not Valid'];
  const decide = (labels: Readonly<Record<string, string>>) =>
    decideImages(
      images.map((image, i) => ({ place: `containers[${i}]`, image })),
      labels,
      policy,
    );
  t.same(
    decide({}).map(({ reason }) => reason),
    ['served', 'excepted', 'not-allowed', 'no-login', 'no-credential', 'invalid-reference'],
  );
  t.same(decide({ team: 'x' })[2], { place: 'containers[2]', image: 't.io/app', reason: 'served', credential: 'team' });
});

t.test('the credentials, once each and sorted', async (t) => {
  const subject = subjectOf('Pod', ['r.io/b', 'e.io/a', 'nginx', 'r.io/a'], []);
  const around = { serviceAccount: PLAIN_SERVICE_ACCOUNT, pullSecret: undefined };
  t.same(planInjection(subject, decideImages(subject.images, {}, policy), around, OURS).credentials, ['e', 'r']);
});

t.test('for public images nothing is looked up, unless ours is listed', async (t) => {
  const rows = [
    ['nginx', [], false],
    ['nginx', ['u'], false],
    ['nginx', [OURS], true],
    ['r.io/app', [], true],
  ] as const;
  for (const [image, listed, needed] of rows) {
    const subject = subjectOf('Pod', [image], listed);
    t.equal(needsSurroundings(subject, decideImages(subject.images, {}, policy), OURS), needed, `${image} ${listed}`);
  }
});
