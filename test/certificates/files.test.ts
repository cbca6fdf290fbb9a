// A certificate in files: what is taken, what is refused and why, and that the one before stays until the new one is trusted.
import t from 'tap';
import { keepFromFiles } from '../../src/certificates/files.ts';
import { makeCa, signLeaf } from '../../src/certificates/issue.ts';

const NOW = Date.UTC(2030, 0, 1);
const HOUR = 3_600_000;
const NAME = 'pullpass.pullpass-system.svc';
const ca = await makeCa(NOW, 100 * HOUR);
const otherCa = await makeCa(NOW + 1, 100 * HOUR);
const pair = (by = ca, names = [NAME], now = NOW, life = HOUR) => signLeaf(by, names, now, life);

async function open(withCa: boolean) {
  const files: Record<string, string> = {};
  const first = await pair();
  Object.assign(files, { cert: first.cert, key: first.key, ca: ca.cert });
  const used: string[] = [];
  const problems: (string | undefined)[] = [];
  const waiting: boolean[] = [];
  let idle = (): void => undefined;
  const clock = { now: NOW };
  const live = { bundles: undefined as readonly string[] | undefined };
  const keeper = keepFromFiles({
    paths: { cert: 'cert', key: 'key', ...(withCa && { ca: 'ca' }) },
    async read(path) {
      const text = files[path];
      if (text === undefined) throw new Error('gone');
      return text;
    },
    readFailure: () => 'it does not exist',
    watch: () => () => undefined,
    dnsName: NAME,
    bundles: () => live.bundles,
    use: ({ cert }) => used.push(cert),
    onWanted: () => undefined,
    onFault: (error) => t.fail(`a fault: ${error}`),
    onProblem: (problem) => problems.push(problem),
    onWaiting: (one) => waiting.push(one),
    now: () => clock.now,
    later(ms, callback) {
      if (ms > 1_000) idle();
      else setImmediate(callback);
      return () => undefined;
    },
  });
  const turn = () =>
    new Promise<void>((resolve) => {
      idle = resolve;
      keeper.nudge();
    });
  await turn();
  t.same(used, [first.cert], 'the first is used at once');
  return { files, first, used, problems, waiting, clock, live, keeper, turn };
}

t.test('a new one is used when the webhook configuration trusts it', async (t) => {
  const { files, used, waiting, live, keeper, turn, first } = await open(true);
  live.bundles = [ca.cert];
  const next = await pair(otherCa);
  Object.assign(files, { cert: next.cert, key: next.key, ca: otherCa.cert });
  await turn();
  t.same(used, [first.cert]);
  t.equal(waiting.at(-1), true);
  t.same(
    keeper.wanted()?.add.map((text) => text.trim()),
    [otherCa.cert.trim(), ca.cert.trim()],
    'both are published',
  );
  live.bundles = [`${ca.cert}\n${otherCa.cert}`, ca.cert];
  await turn();
  t.same(used, [first.cert], 'every entry must trust it');
  live.bundles = [`${ca.cert}\n${otherCa.cert}`, otherCa.cert];
  await turn();
  t.same(used, [first.cert, next.cert]);
  t.equal(waiting.at(-1), false);
  t.same(
    keeper.wanted()?.add.map((text) => text.trim()),
    [otherCa.cert.trim()],
  );
});

t.test('without a file of the CA others publish it, and nothing is wanted', async (t) => {
  const { files, used, live, keeper, turn, first } = await open(false);
  t.equal(keeper.wanted(), undefined);
  const next = await pair(otherCa);
  Object.assign(files, { cert: next.cert, key: next.key });
  live.bundles = [ca.cert];
  await turn();
  t.same(used, [first.cert]);
  live.bundles = [otherCa.cert];
  await turn();
  t.same(used, [first.cert, next.cert]);
});

t.test('an expired one is replaced, trusted or not', async (t) => {
  const { files, used, live, clock, turn } = await open(true);
  live.bundles = [ca.cert];
  clock.now = NOW + 2 * HOUR;
  const next = await pair(otherCa, [NAME], clock.now);
  Object.assign(files, { cert: next.cert, key: next.key, ca: otherCa.cert });
  await turn();
  t.equal(used.at(-1), next.cert);
});

t.test('one that is not good yet is taken when it is', async (t) => {
  const { files, used, problems, clock, live, turn } = await open(true);
  live.bundles = [ca.cert];
  const next = await pair(ca, [NAME], NOW + 2 * HOUR, 10 * HOUR);
  Object.assign(files, { cert: next.cert, key: next.key });
  await turn();
  t.match(problems.at(-1), /is not good before/);
  clock.now = NOW + HOUR + 60_000;
  await turn();
  t.equal(used.at(-1), next.cert);
  t.equal(problems.at(-1), undefined);
});

const expired = await pair(ca, [NAME], NOW - 2 * HOUR);
const early = await pair(ca, [NAME], NOW + 2 * HOUR);
const strange = await pair(ca, ['other.pullpass-system.svc']);
const good = await pair();
const rows: readonly (readonly [string, Readonly<Record<string, string | undefined>>, RegExp])[] = [
  ['no file', { cert: undefined }, /^cert cannot be read: it does not exist$/],
  ['empty', { cert: '' }, /^cert holds no certificate$/],
  ['cut off', { cert: good.cert.slice(0, 200) }, /^cert holds no certificate$/],
  ['the key of another', { cert: good.cert }, /^key does not hold the key of the certificate in cert$/],
  ['no key', { cert: good.cert, key: '' }, /^key does not hold the key/],
  ['expired', { cert: expired.cert, key: expired.key }, /^the certificate in cert expired on Dec 31/],
  ['not good yet', { cert: early.cert, key: early.key }, /^the certificate in cert is not good before Jan {2}1/],
  ['for another name', { cert: strange.cert, key: strange.key }, /is not for the name pullpass\.pullpass-system\.svc$/],
  ['not of the CA', { ca: otherCa.cert }, /^the certificate in cert is not signed by the CA in ca$/],
];
for (const [why, change, problem] of rows) {
  t.test(`refused: ${why}`, async (t) => {
    const { files, used, problems, live, turn, first } = await open(true);
    live.bundles = [ca.cert];
    const before = { ...files };
    for (const [path, text] of Object.entries(change)) {
      if (text === undefined) delete files[path];
      else files[path] = text;
    }
    await turn();
    await turn();
    t.match(problems.at(-1), problem);
    t.notMatch(problems.at(-1), /BEGIN/);
    t.same(used, [first.cert], 'the one before stays');
    Object.assign(files, before);
    await turn();
    t.equal(problems.at(-1), undefined, 'and it is said no more once it is mended');
  });
}
