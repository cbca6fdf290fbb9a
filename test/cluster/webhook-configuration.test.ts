import t from 'tap';
import { publishCa } from '../../src/cluster/webhook-configuration.ts';
import { caUntil } from './certificates.ts';
import { type Asked, fakeApi, IMPATIENT, json, memoryLog } from './fake-api.ts';

const ours = await caUntil('ours', Date.now() + 86_400_000);
const other = await caUntil('other', Date.now() + 86_400_000);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const hooks = (...bundles: readonly (string | undefined)[]) =>
  bundles.map((bundle) => ({ clientConfig: bundle === undefined ? {} : { caBundle: base64(bundle) } }));

type Reply = readonly [status: number, body?: unknown];

async function play(t: Parameters<typeof fakeApi>[0], replies: readonly Reply[]) {
  const queue = [...replies];
  const api = await fakeApi(t, (_, response) => {
    const [status, body = {}] = queue.shift() ?? [500];
    if (status === 0) response.destroy();
    else json(response, status, body);
  });
  const log = memoryLog();
  const options = { client: api.client, name: 'pullpass', caPem: ours, time: IMPATIENT, log };
  const result = await publishCa(options);
  return { result, log, patches: api.asked.filter(({ method }) => method === 'PATCH').map(read), left: queue.length };
}

function read({ path, headers, body }: Asked) {
  t.equal(path, '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pullpass');
  t.equal(headers['content-type'], 'application/json-patch+json');
  return JSON.parse(body);
}

const configuration = (version: string, ...bundles: readonly (string | undefined)[]): Reply => [
  200,
  { metadata: { resourceVersion: version }, webhooks: hooks(...bundles) },
];

t.test('adds our CA to each webhook that lacks it, bound to what was read', async (t) => {
  const { result, patches } = await play(t, [configuration('7', undefined, ours, other), [200]]);
  t.equal(result, 'published');
  t.same(patches, [
    [
      { op: 'test', path: '/metadata/resourceVersion', value: '7' },
      { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: base64(ours) },
      { op: 'add', path: '/webhooks/2/clientConfig/caBundle', value: base64(other + ours) },
    ],
  ]);
});

t.test('writes nothing when it is there', async (t) => {
  const { result, patches } = await play(t, [configuration('7', ours)]);
  t.equal(result, 'published');
  t.same(patches, []);
});

t.test('reads again after a conflict and tries on whatever happens', async (t) => {
  const before = configuration('7', undefined);
  const { result, patches, left } = await play(t, [
    [0],
    [403],
    before,
    [422],
    configuration('8', other),
    [409],
    configuration('9', other),
    [200],
  ]);
  t.equal(result, 'published');
  t.equal(left, 0);
  t.same(
    patches.map(([first]) => first.value),
    ['7', '8', '9'],
  );
});

t.test('waits for a configuration that is missing, and says so once', async (t) => {
  const { result, log } = await play(t, [[404], [404], [404], configuration('7', ours)]);
  t.equal(result, 'published');
  t.equal(log.lines.filter((line) => line.includes('does not exist yet')).length, 1);
});

t.test('a configuration without webhooks is not ready', async (t) => {
  const { result, patches } = await play(t, [[200, { metadata: { resourceVersion: '1' } }], configuration('7', ours)]);
  t.equal(result, 'published');
  t.same(patches, []);
});

t.test('ends when it is told to', async (t) => {
  const { client } = await fakeApi(t, (_, response) => json(response, 404, {}));
  const signal = AbortSignal.timeout(20);
  t.equal(await publishCa({ client, name: 'x', caPem: ours, signal, time: IMPATIENT, log: memoryLog() }), 'aborted');
});
