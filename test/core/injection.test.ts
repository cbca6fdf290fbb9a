// The decision for one object as a truth table: what it is, what stands around it, what is added and why.
import t from 'tap';
import { decideImages, needsSurroundings, planInjection, type Surroundings } from '../../src/core/injection.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { readSubject, type Subject } from '../../src/core/subject.ts';
import { PLAIN_SERVICE_ACCOUNT } from '../../src/core/surroundings.ts';
import { selectWorkloads } from '../../src/core/workload.ts';
import { credential } from './given.ts';
import { OURS, ROWS } from './injection-rows.ts';

const policy = compilePolicy([
  credential('r', ['r.io'], { except: ['r.io/public'] }),
  credential('e', ['e.io']),
  credential('team', ['t.io'], { namespaces: 'team' }),
  credential('later', ['later.io'], { missing: ['later.io'] }),
]);
function subjectOf(kind: 'Pod' | 'Deployment', images: readonly string[], listed: readonly string[]): Subject {
  const spec = { containers: images.map((image) => ({ image })), imagePullSecrets: listed.map((name) => ({ name })) };
  const object = kind === 'Pod' ? { spec } : { spec: { template: { spec } } };
  const review = { kind: { group: kind === 'Pod' ? '' : 'apps', kind }, operation: 'CREATE', object };
  const subject = readSubject(review, selectWorkloads(['Deployment']));
  if (typeof subject === 'string') throw new Error(subject);
  return subject;
}

t.test('the truth table', async (t) => {
  for (const row of ROWS) {
    const subject = subjectOf(row.kind, [row.image ?? 'r.io/app'], row.listed ?? []);
    const serviceAccount = { pullSecrets: row.account ?? [], enforcesMountable: row.enforces ?? false };
    const around: Surroundings = { serviceAccount, pullSecret: row.secret };
    const { reason, add, credentials } = planInjection(subject, decideImages(subject.images, {}, policy), around, OURS);
    t.same([reason, add], [row.reason, row.add], `${row.kind}: ${row.because}`);
    const listsOurs = row.ensures ?? (reason === 'injected' || reason === 'already-listed');
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
  t.same(decide({ team: 'x' })[2], {
    place: 'containers[2]',
    image: 't.io/app',
    reason: 'served',
    credential: 'team',
    pattern: 't.io',
  });
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
