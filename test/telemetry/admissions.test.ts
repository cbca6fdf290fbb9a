// What is counted and said of admissions: every rejection is counted, and a flood of them is a line a second.
import t from 'tap';
import { REJECT_REASONS } from '../../src/core/reason.ts';
import { createAdmissionReport } from '../../src/telemetry/admissions.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { REJECT_STATUS } from '../../src/webhook/rejection.ts';

function setUp() {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) });
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
  return { lines, observe, counted, pass };
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
