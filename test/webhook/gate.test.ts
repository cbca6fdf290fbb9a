// What may be under way at the admission door, counted without a socket.
import t from 'tap';
import { createGate, type Ticket } from '../../src/webhook/gate.ts';

function open(limits = { bytes: 10_000, requests: 3 }) {
  let busy = false;
  let clock = 0;
  const gate = createGate({ limits, tooBusy: () => busy, now: () => clock });
  function enter(announced = 0): Ticket {
    const entered = gate.enter(announced);
    if (typeof entered === 'string') throw new Error(entered);
    return entered;
  }
  return {
    gate,
    enter,
    busy: (now: boolean) => {
      busy = now;
    },
    pass: (ms: number) => {
      clock += ms;
    },
  };
}

t.test('a ticket says when its request came', async (t) => {
  const { enter, pass } = open();
  pass(7);
  t.equal(enter().arrived, 7);
});

t.test('bodies count by what has arrived, whatever was announced', async (t) => {
  const { gate, enter } = open();
  for (let i = 0; i < 1_000; i++) enter(9_000);
  t.type(gate.enter(9_000), 'object', 'a thousand that announced much and sent nothing keep nobody out');
  t.ok(enter().take(5_000));
  t.equal(gate.enter(9_000), 'overloaded-bytes', 'there is no room for what this one announces');
  t.type(gate.enter(4_000), 'object');
});

t.test('a piece that does not fit takes all of its body with it, and makes room for the others', async (t) => {
  const { enter } = open();
  const [first, second] = [enter(), enter()];
  t.ok(first.take(4_000));
  t.ok(second.take(4_000));
  t.notOk(first.take(4_000));
  t.ok(second.take(4_000), 'what the first one held is free');
  first.leave();
  t.notOk(enter().take(4_000), 'and is given back once only');
});

t.test('the last byte that fits is the last one', async (t) => {
  const { enter } = open({ bytes: 1_256, requests: 1 });
  t.ok(enter().take(1_000));
  t.notOk(enter().take(0), 'a piece costs something beside its bytes');
  t.notOk(open({ bytes: 1_255, requests: 1 }).enter().take(1_000));
});

t.test('many tiny pieces count for more than their bytes', async (t) => {
  const ticket = open().enter();
  let taken = 0;
  while (ticket.take(1)) taken++;
  t.ok(taken < 50, `${taken} pieces of one byte`);
});

t.test('only so many wait for an answer; who is still sending is none of them', async (t) => {
  const { gate, enter } = open();
  const sending = Array.from({ length: 100 }, () => enter());
  const answering = sending.slice(0, 3);
  for (const ticket of answering) t.equal(ticket.begin(), undefined);
  t.equal(sending[3]?.begin(), 'overloaded-requests', 'it was let in, but meanwhile others were faster');
  t.equal(gate.enter(0), 'overloaded-requests');
  answering[0]?.leave();
  answering[0]?.leave();
  t.equal(sending[4]?.begin(), undefined);
  t.equal(sending[5]?.begin(), 'overloaded-requests', 'leaving twice makes no more room');
});

t.test('whoever was refused gives nothing back that it did not have', async (t) => {
  const { gate, enter } = open({ bytes: 10_000, requests: 1 });
  const [first, second] = [enter(), enter()];
  first.begin();
  t.equal(second.begin(), 'overloaded-requests');
  second.leave();
  t.equal(gate.enter(0), 'overloaded-requests', 'the first one is still being answered');
  first.leave();
  t.equal(enter().begin(), undefined);
});

t.test('a busy loop refuses at the head, and answers what it let in before', async (t) => {
  const { gate, enter, busy } = open();
  const ticket = enter();
  busy(true);
  t.equal(gate.enter(0), 'overloaded-loop');
  t.equal(ticket.begin(), undefined);
});

t.test('a client that has gone before its turn came counts for nothing', async (t) => {
  const { gate, enter } = open({ bytes: 10_000, requests: 1 });
  for (let i = 0; i < 5; i++) {
    const ticket = enter();
    ticket.take(4_000);
    ticket.leave();
    t.equal(ticket.begin(), undefined);
  }
  t.type(gate.enter(9_000), 'object');
});
