// What is counted and said of admissions: all are counted; a line has what is news, and of a flood a few.
import t from 'tap';
import { REJECT_REASONS } from '../../src/core/reason.ts';
import { createAdmissionReport } from '../../src/telemetry/admissions.ts';
import { createLogger, type LogLevel } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { REJECT_STATUS } from '../../src/webhook/rejection.ts';

function setUp(level: LogLevel = 'info') {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger(level, { write: (line) => void lines.push(JSON.parse(line)) });
  const metrics = createMetrics();
  let clock = 0;
  const observe = createAdmissionReport({ log, metrics, now: () => clock });
  const counted = async (): Promise<Record<string, number>> => {
    const { values } = await metrics.rejected.get();
    return Object.fromEntries(values.map(({ labels, value }) => [`${labels.reason} ${labels.status}`, value]));
  };
  const pass = (ms: number): void => {
    clock += ms;
  };
  return { lines, observe, counted, metrics, pass };
}

const overloaded = { kind: 'rejected', reason: 'overloaded-loop', status: 503, problem: 'too much' } as const;
const fault = { kind: 'rejected', reason: 'fault', status: 500, problem: 'internal error' } as const;

t.test('of a flood all is counted and a line a second is said, with how many were not', async (t) => {
  const { lines, observe, counted, pass } = setUp();
  for (let i = 0; i < 2_500; i++) {
    observe(overloaded);
    pass(1);
  }
  t.same(await counted(), { 'overloaded-loop 503': 2_500 });
  t.match(lines, [
    { level: 'warn', reason: 'overloaded-loop', status: 503, why: 'too much', notLogged: undefined },
    { reason: 'overloaded-loop', notLogged: 999 },
    { reason: 'overloaded-loop', notLogged: 999 },
  ]);
  t.equal(lines.length, 3);
});

t.test('one reason does not hide another, and what comes seldom is always said', async (t) => {
  const { lines, observe, pass } = setUp();
  observe(overloaded);
  observe({ ...fault, error: new TypeError('canary') });
  observe({ ...fault, error: new TypeError('canary') });
  pass(1_000);
  observe(overloaded);
  t.match(lines, [
    { level: 'warn', reason: 'overloaded-loop' },
    { level: 'error', reason: 'fault', stack: ['TypeError', /at /] },
    { level: 'warn', reason: 'overloaded-loop', notLogged: undefined },
  ]);
  t.equal(lines.length, 3);
  t.notOk(JSON.stringify(lines).includes('canary'), 'a message may quote what it stumbled over');
});

t.test('every reason has its status, and its counter a series of its own', async (t) => {
  const { observe, counted } = setUp();
  const reasons = Object.keys(REJECT_REASONS) as (keyof typeof REJECT_REASONS)[];
  for (const reason of reasons) observe({ kind: 'rejected', reason, status: REJECT_STATUS[reason], problem: '' });
  t.same(await counted(), Object.fromEntries(reasons.map((reason) => [`${reason} ${REJECT_STATUS[reason]}`, 1])));
});

const review = { namespace: 'shop', name: 'web', kind: { kind: 'Pod' }, dryRun: false };
const image = { place: 'containers[0]', image: 'ghcr.io/acme/web:1', reason: 'served', credential: 'ghcr' };
const quiet = { reason: 'already-listed', images: [image], credentials: ['ghcr'], ensured: 'present' };
const leftAlone = { kind: 'answered', ms: 0.5, review, verdict: { ...quiet, patch: [], warnings: [] } } as const;
const injected = { ...leftAlone, verdict: { ...leftAlone.verdict, reason: 'injected', patch: [{}] } };

t.test('a line has each object that was changed, or with which something is wrong', async (t) => {
  const { lines, observe } = setUp();
  const { verdict } = leftAlone;
  const news = [
    injected,
    { ...leftAlone, verdict: { ...verdict, reason: 'foreign-secret', warnings: ['pullpass: …'] } },
    { ...leftAlone, verdict: { ...verdict, ensured: 'quota' } },
    { ...leftAlone, verdict: { ...verdict, images: [image, { ...image, reason: 'no-login' }] } },
  ];
  for (const event of [leftAlone, ...news, leftAlone]) observe(event);
  t.strictSame(lines[0], {
    ...{ level: 'info', time: lines[0]?.time, namespace: 'shop', kind: 'Pod', name: 'web', reason: 'injected' },
    ...{ images: ['ghcr.io/acme/web:1: served by ghcr'], credentials: ['ghcr'], ensured: 'present', ms: 0.5 },
    msg: 'admission',
  });
  t.match(String(lines[0]?.time), /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.same(
    lines.map(({ level, reason, ensured }) => `${level} ${reason} ${ensured}`),
    ['injected present', 'foreign-secret present', 'already-listed quota', 'already-listed present'].map(
      (text) => `info ${text}`,
    ),
  );
});

t.test('what was left alone is said at debug, of each reason some, with how many were not', async (t) => {
  const { lines, observe, pass } = setUp('debug');
  for (let i = 0; i < 1_000; i++) {
    observe(leftAlone);
    pass(1);
  }
  t.equal(lines.length, 10);
  t.match(lines[0], { level: 'debug', reason: 'already-listed', notLogged: undefined, msg: 'admission' });
  observe(leftAlone);
  t.match(lines[10], { notLogged: 990 });
});

t.test('a line is one line of JSON whatever the names are, and is bounded', async (t) => {
  const { lines, observe } = setUp();
  const odd = 'a"b\\c\n\u2028é\u0000';
  const images = Array.from({ length: 50 }, () => ({ ...image, image: odd.repeat(100) }));
  observe({
    ...injected,
    review: { namespace: odd, name: odd.repeat(100), kind: { kind: odd }, dryRun: true },
    verdict: { ...injected.verdict, images },
  });
  t.match(lines[0], { namespace: odd, kind: odd, dryRun: true });
  t.equal(String(lines[0]?.name).length, 253);
  t.same(lines[0]?.images, Array(20).fill(`${odd.repeat(100).slice(0, 200)}: served by ghcr`));
});

t.test('what is counted by reason can be read again and again', async (t) => {
  const { observe, metrics } = setUp();
  const total = async (): Promise<unknown> =>
    (await metrics.admissions.get()).values.map(({ labels, value }) => [labels.reason, value]);
  for (const event of [injected, leftAlone, injected]) observe(event);
  t.same(await total(), [
    ['injected', 2],
    ['already-listed', 1],
  ]);
  observe(injected);
  t.same(await total(), [
    ['injected', 3],
    ['already-listed', 1],
  ]);
  t.match(await metrics.registry.metrics(), /^pullpass_admissions_total\{reason="injected"\} 3$/m);
});
