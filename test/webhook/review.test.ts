// Reading reviews, deadlines and answers: whatever anybody sends, it must be read or refused and never throw.
import t from 'tap';
import { selectWorkloads } from '../../src/core/workload.ts';
import { formatAnswer } from '../../src/webhook/answer.ts';
import { parseGoDuration } from '../../src/webhook/deadline.ts';
import { openWalk } from '../../src/webhook/json-walk.ts';
import { createReviewReader } from '../../src/webhook/review.ts';

const ENVELOPE = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
const readReview = createReviewReader(selectWorkloads(['Deployment']), openWalk());
const read = (value: unknown) => readReview([Buffer.from(JSON.stringify(value))]);

t.test('a review is reduced to what the decision reads', async (t) => {
  const request = {
    uid: 'u-1',
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    requestKind: { group: 'apps', version: 'v1beta1', kind: 'Deployment' },
    operation: 'UPDATE',
    namespace: 'shop',
    name: 'web',
    dryRun: true,
    userInfo: { username: 'somebody' },
    object: { spec: { template: {} } },
    oldObject: { spec: { replicas: 1, template: {} } },
  };
  t.strictSame(read({ ...ENVELOPE, request }), {
    ok: true,
    review: {
      uid: 'u-1',
      kind: { group: 'apps', kind: 'Deployment' },
      namespace: 'shop',
      name: 'web',
      dryRun: true,
      subject: 'template-unchanged',
    },
  });
});

t.test('fields of another form count as absent', async (t) => {
  const request = { uid: 'u', kind: { kind: 7 }, operation: {}, namespace: [], name: null, dryRun: 'yes' };
  t.match(read({ ...ENVELOPE, request }), {
    ok: true,
    review: { kind: { group: '', kind: '' }, namespace: '', name: '', dryRun: false, subject: 'not-applicable' },
  });
});

t.test('garbage is refused and never throws', async (t) => {
  const texts = ['', ' ', 'null', 'true', '0', '""', '[]', '{}', '{', '\uFEFF{}', '{"a":1}{', '[[[[', '\u0000'];
  for (const text of texts) t.equal(readReview([Buffer.from(text)]).ok, false, JSON.stringify(text));
  t.equal(readReview([Buffer.from([0xff, 0xfe, 0x00])]).ok, false, 'bytes that are no text');
  for (const deep of ['[', '{"a":', '{"request":', '{"request":{"object":[']) {
    t.equal(readReview([Buffer.from(deep.repeat(200_000))]).ok, false, 'deep nesting');
  }
  const odd: readonly unknown[] = [
    { ...ENVELOPE, apiVersion: 'admission.k8s.io/v1beta1', request: { uid: 'u', kind: {} } },
    { ...ENVELOPE, kind: 'Review', request: { uid: 'u', kind: {} } },
    { ...ENVELOPE },
    { ...ENVELOPE, request: null },
    { ...ENVELOPE, request: [] },
    { ...ENVELOPE, request: 'x' },
    { ...ENVELOPE, request: { kind: {} } },
    { ...ENVELOPE, request: { uid: 5, kind: {} } },
    { ...ENVELOPE, request: { uid: 'u' } },
    { ...ENVELOPE, request: { uid: 'u', kind: 'Pod' } },
  ];
  for (const value of odd) t.equal(read(value).ok, false, JSON.stringify(value));
});

t.test('a view into a larger buffer is read as that part only', async (t) => {
  const text = JSON.stringify({ ...ENVELOPE, request: { uid: 'u', kind: {} } });
  const whole = Buffer.from(`xx${text}yy`);
  t.equal(readReview([whole.subarray(2, 2 + text.length)]).ok, true);
});

t.test('Go durations', async (t) => {
  const rows: readonly (readonly [text: string, ms: number | undefined])[] = [
    ['10s', 10_000],
    ['1m0s', 60_000],
    ['250ms', 250],
    ['0.5s', 500],
    ['', undefined],
    ['10', undefined],
    ['s', undefined],
    ['1h', undefined],
    ['10 s', undefined],
    ['1.s', undefined],
  ];
  for (const [text, ms] of rows) t.equal(parseGoDuration(text), ms, text);
});

t.test('an answer always allows, echoes the uid, and has only what there is to say', async (t) => {
  const bare = { reason: 'opted-out', images: [], credentials: [], patch: [], warnings: [] } as const;
  t.strictSame(JSON.parse(formatAnswer('u-1', bare)), {
    ...ENVELOPE,
    response: { uid: 'u-1', allowed: true, auditAnnotations: { injection: 'opted-out' } },
  });
  const patch = [{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: 'pullpass-dockercfg' }] }] as const;
  const full = {
    ...bare,
    reason: 'injected',
    credentials: ['a', 'b'],
    ensured: 'quota',
    patch,
    warnings: ['w'],
  } as const;
  t.strictSame(JSON.parse(formatAnswer('u-2', full)), {
    ...ENVELOPE,
    response: {
      uid: 'u-2',
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
      warnings: ['w'],
      auditAnnotations: { injection: 'injected', credentials: 'a,b', 'pull-secret': 'quota' },
    },
  });
});
