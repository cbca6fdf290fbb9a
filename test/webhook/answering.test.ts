// From a request to what goes back, without sockets and without an event loop: what is answered when, and what becomes of faults.
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import type { Admission, Admit } from '../../src/webhook/admission.ts';
import { createAnswering } from '../../src/webhook/answering.ts';
import type { ReviewRequest } from '../../src/webhook/review.ts';
import { createTurn } from '../../src/webhook/turn.ts';

const ADMITTED: Admission = { reason: 'no-private-image', images: [], credentials: [], patch: [], warnings: [] };
const REVIEW: ReviewRequest = {
  ...{ uid: 'u-1', namespace: 'team-a', name: 'web', dryRun: false },
  kind: { group: '', kind: 'Pod' },
  subject: 'controller-owned',
};
const TICKET = { arrived: 0, take: () => true, begin: () => undefined, leave: () => undefined };

/** What happens, in its order: `sent` by status, `told` by kind. */
function open(admit: Admit) {
  let due: (() => void)[] = [];
  const happened: string[] = [];
  const answering = createAnswering(
    {
      admit,
      readReview: () => ({ ok: true, review: REVIEW }),
      canTell: () => true,
      observe: (event) => happened.push(`told ${event.kind === 'rejected' ? event.reason : event.kind}`),
      now: () => 0,
    },
    createTurn((callback) => due.push(callback)),
  );
  return {
    happened,
    ask: (pieces: readonly Buffer[] = []) =>
      answering.answer({ pieces, url: '/mutate', ticket: TICKET }, ({ status }) => happened.push(`sent ${status}`)),
    pass: () => {
      const now = due;
      due = [];
      for (const callback of now) callback();
    },
  };
}

t.test('nobody waits for what is told of answers', async (t) => {
  const { ask, pass, happened } = open(() => ADMITTED);
  ask();
  ask();
  t.same(happened, [], 'what else has come is read first');
  pass();
  t.same(happened, ['sent 200', 'sent 200', 'told answered', 'told answered']);
});

t.test('a verdict that has to be waited for holds up no other', async (t) => {
  const late = Promise.withResolvers<Admission>();
  const verdicts = [late.promise, ADMITTED];
  const { ask, pass, happened } = open(() => verdicts.shift() ?? ADMITTED);
  ask();
  ask();
  pass();
  t.same(happened.splice(0), ['sent 200', 'told answered']);
  late.resolve(ADMITTED);
  await late.promise;
  t.same(happened, ['sent 200', 'told answered']);
});

t.test('who could not be told is sent away, now or later', async (t) => {
  const unknown = { couldNotTell: 'namespace: no answer' };
  for (const verdict of [unknown, Promise.resolve(unknown)]) {
    const { ask, pass, happened } = open(() => verdict);
    ask();
    pass();
    await verdict;
    t.same(happened, ['told could-not-tell', 'sent 503']);
  }
});

t.test('a fault of ours is answered, wherever it happens, and the others of the turn too', async (t) => {
  const faults: Record<string, Admit> = {
    'of a decision': () => {
      throw new Error('a fault');
    },
    'of what was waited for': () => Promise.reject(new Error('a fault')),
    'of an answer that cannot be written': () => ({ ...ADMITTED, credentials: undefined as never }),
  };
  for (const [where, fails] of Object.entries(faults)) {
    const admits = [fails, () => ADMITTED];
    const { ask, pass, happened } = open((...given) => (admits.shift() ?? fails)(...given));
    ask();
    ask();
    pass();
    await Promise.resolve();
    await Promise.resolve();
    t.same(happened.toSorted(), ['sent 200', 'sent 500', 'told answered', 'told fault'], where);
  }
});

t.test('nothing of a body lives on while its verdict is waited for', async (t) => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const late = Promise.withResolvers<Admission>();
  const { ask, pass, happened } = open(() => late.promise);
  function askWithBody() {
    const piece = Buffer.alloc(100_000);
    ask([piece]);
    return new WeakRef(piece);
  }
  const body = askWithBody();
  pass();
  await turnOfTheLoop();
  collectGarbage();
  t.equal(body.deref(), undefined);
  late.resolve(ADMITTED);
  await late.promise;
  t.same(happened, ['sent 200', 'told answered']);
});
