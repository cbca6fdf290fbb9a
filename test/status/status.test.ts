// What `pullpass status` prints of a status, and with which result: what is wrong comes first and is what the result goes by, and
// large clusters fit a screen.
import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import { paintWith } from '../../src/command-line/paint.ts';
import type { ReplicaStatus } from '../../src/core/replica-status.ts';
import { type StatusPorts, type StatusRequest, tellStatus } from '../../src/status/status.ts';
import { durationText } from '../../src/status/time-text.ts';
import { credentialOf, HOUR_MS, NOW, namespaceOf, statusOf, syncOf } from './given.ts';

async function tell(
  reading: ReplicaStatus | string,
  request: Partial<StatusRequest> = {},
  more: Partial<StatusPorts> = {},
) {
  let out = '';
  const said: string[] = [];
  const asked: (string | undefined)[] = [];
  const ports: StatusPorts = {
    async read(about) {
      asked.push(about);
      return typeof reading === 'string' ? { unavailable: reading } : { status: reading, pod: 'pullpass-1' };
    },
    replicas: async () => [],
    references: async () => ({ found: [], unlisted: [] }),
    async out(text) {
      out += text;
    },
    say: (line) => void said.push(line),
    now: () => NOW,
    ...more,
  };
  const plain = { topic: 'overview', json: false, references: false, pullSecret: 'x', columns: 80 } as const;
  const result = await tellStatus(ports, { ...plain, paint: paintWith(false), ...request }).catch((error: Error) => ({
    failed: error.message,
  }));
  return { out, said, asked, result };
}

t.test('the result is that of what was asked for', async (t) => {
  const bad = credentialOf('bad', {
    problems: [{ kind: 'refused', credential: 'bad', where: 'Secret bad', problem: 'y' }],
  });
  const status = statusOf({ credentials: [credentialOf('good'), bad], sync: syncOf([namespaceOf('shop')]) });
  const wrong = async (request: Partial<StatusRequest>) => (await tell(status, request)).result;
  t.same(await wrong({}), { wrong: true });
  t.same(await wrong({ topic: 'credentials' }), { wrong: true });
  t.same(await wrong({ topic: 'credentials', name: 'bad' }), { wrong: true });
  t.same(await wrong({ topic: 'credentials', name: 'good' }), { wrong: false });
  t.same(await wrong({ topic: 'namespaces' }), { wrong: false });
  t.same((await tell(statusOf())).result, { wrong: false });
  const shadowed = credentialOf('x', { problems: [{ kind: 'shadowed', credential: 'x', where: '', problem: '' }] });
  t.same(
    (await tell(statusOf({ credentials: [shadowed] }))).result,
    { wrong: false },
    'what may be meant is not wrong',
  );
});

t.test('of thousands of namespaces those with something wrong are shown, and as many others as fit', async (t) => {
  const fine = Array.from({ length: 4_990 }, (_, i) => namespaceOf(`fine-${String(i).padStart(4, '0')}`));
  const wrong = Array.from({ length: 30 }, (_, i) => namespaceOf(`z-${i}`, { failed: 'unavailable' }));
  const { out } = await tell(statusOf({ sync: syncOf([...fine, ...wrong], { takingPart: 9_000, more: 3_000 }) }));
  t.ok(out.split('\n').length < 80);
  t.match(out, /9000 take part, 5020 or more have a pull Secret/);
  t.match(out, /and 10 more: pullpass status -o json/, 'findings');
  t.match(out, /\nz-0 {2}.*\n(.*\n)+and 8000 namespaces more: pullpass status namespaces\n$/, 'rows');
  t.notMatch(out, /fine-/);
  const { out: all } = await tell(statusOf({ sync: syncOf(fine, { more: 3_000 }) }), { topic: 'namespaces' });
  t.match(all, /\nfine-4989 .*\nand 3000 more, each of which can be asked for: pullpass status namespaces NAME\n$/);
});

t.test('a replica that is not elected says so, and has no namespaces to tell of', async (t) => {
  const { sync: _, ...status } = statusOf();
  const { out, result } = await tell(status);
  t.match(out, /^Replica +pullpass-1, ready, not elected: it knows of no namespaces$/m);
  t.notMatch(out, /^Namespaces/m);
  t.same(result, { wrong: false });
  const asked = await tell(status, { topic: 'namespaces' });
  t.match(asked.result, { failed: /^no elected replica could be asked/ });
});

t.test('one namespace is asked for by its name, and nothing else is', async (t) => {
  t.same((await tell(statusOf(), { topic: 'namespaces', name: 'shop' })).asked, ['shop']);
  t.same((await tell(statusOf(), { topic: 'credentials', name: 'ghcr' })).asked, [undefined]);
});

t.test('what cannot be read is a failure, with what can be told without it', async (t) => {
  const { out, said, result } = await tell(
    'no way',
    { references: true, pullSecret: 'former' },
    {
      replicas: async () => [
        { name: 'pullpass-1', isReady: false, isElected: true },
        { name: 'pullpass-2', isReady: true, isElected: false },
      ],
      references: async (names) => ({ found: [], unlisted: [{ kind: names.join(), why: 'you may not list them' }] }),
    },
  );
  t.equal(out, 'Nothing that could be looked at names former.\nnot looked at: former: you may not list them\n');
  t.same(said, ['REPLICA     READY  ELECTED\npullpass-1  no     yes\npullpass-2  yes    no']);
  t.same(result, { failed: 'the status cannot be read: no way' });
  const json = await tell('no way', { references: true, json: true });
  t.same(JSON.parse(json.out), { references: { found: [], unlisted: [] } });
  t.equal((await tell('no way', { json: true })).out, '', 'without references there is no result');
});

t.test('references are looked for under the former names too', async (t) => {
  const settings = statusOf().settings;
  const named = { ...settings, pullSecret: { ...settings.pullSecret, formerNames: ['old'] } };
  const asked: unknown[] = [];
  const reference = { kind: 'Pod', namespace: 'b', name: 'web', pullSecret: 'old', controller: 'ReplicaSet web-1' };
  const more: Partial<StatusPorts> = {
    async references(names, namespace) {
      asked.push([names, namespace]);
      return { found: [reference, { ...reference, namespace: 'a' }], unlisted: [] };
    },
  };
  const { out } = await tell(statusOf({ settings: named }), { references: true }, more);
  t.same(asked, [[['pullpass-dockercfg', 'old'], undefined]]);
  t.match(out, /NAMESPACE {2}KIND {2}NAME {2}MADE BY {11}PULL SECRET\na .*old\nb .*old\n$/);
});

t.test('colours are for the words that say the same', async (t) => {
  const status = statusOf({ webhookDifferences: ['it differs'] });
  const { out } = await tell(status, { paint: paintWith(true) });
  t.ok(out.includes('\u001b[31mwrong\u001b[0m: webhook: it differs'));
  t.equal(stripVTControlCharacters(out), (await tell(status)).out);
});

t.test('times', async (t) => {
  for (const [ms, text] of [
    [-5, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [2 * HOUR_MS - 1, '119m'],
    [2 * HOUR_MS, '2h'],
    [47 * HOUR_MS, '47h'],
    [48 * HOUR_MS, '2d'],
  ] as const) {
    t.equal(durationText(ms), text);
  }
});
