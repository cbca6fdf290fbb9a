// The values of the chart: each does what it says, and what is no value, or none that makes sense, is refused with a name or a
// sentence that helps.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { generatedFiles } from '../../charts/generate.ts';
import { readValues, type Value } from '../../charts/values.ts';
import { CHART } from './helm.ts';
import { containerOf, type Manifest, render } from './render.ts';
import { VALUE_ROWS } from './value-rows.ts';

t.setTimeout(600_000);

const values = readValues(readFileSync(join(CHART, 'values.yaml'), 'utf8'));

function leaves(all: readonly Value[]): readonly Value[] {
  return all.flatMap((value) => (value.values === undefined ? [value] : leaves(value.values)));
}

t.test('each value has a row that exercises it, and says what it is for', async (t) => {
  t.same(
    VALUE_ROWS.map(({ path }) => path).sort(),
    leaves(values)
      .map(({ path }) => path)
      .sort(),
  );
  for (const { path, description } of leaves(values)) t.match(description, /^[A-Z].*\.$/, path);
});

const rendered = new Map<string, Promise<readonly Manifest[]>>();
/** Many rows differ from the same. */
function once(values: Readonly<Record<string, unknown>>): Promise<readonly Manifest[]> {
  const key = JSON.stringify(values);
  const known = rendered.get(key) ?? render(values);
  rendered.set(key, known);
  return known;
}

for (const { path, value, beside = {}, see, seen, inCluster } of VALUE_ROWS) {
  if (inCluster) continue;
  t.test(`${path} is seen where it is given, and nowhere else`, async (t) => {
    t.same(see(await once({ ...beside, [path]: value })), seen);
    t.notSame(see(await once(beside)), seen);
  });
}

t.test('a value that is mistyped is refused with its name', async (t) => {
  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    ['replica', 3, /'replica' not allowed/],
    ['replicas', '3', /at '\/replicas': got string, want integer/],
    ['image.tagg', 'v1', /at '\/image': additional properties 'tagg' not allowed/],
    ['image.pullPolicy', 'Sometimes', /at '\/image\/pullPolicy': value must be one of/],
    ['failurePolicy', 'fail', /at '\/failurePolicy'/],
    ['podLabels', { team: 7 }, /at '\/podLabels\/team'/],
    ['config.workload', [], /at '\/config': additional properties 'workload' not allowed/],
    ['config.pullSecret.nam', 'x', /at '\/config\/pullSecret'/],
    ['monitoring.rule', {}, /at '\/monitoring': additional properties 'rule' not allowed/],
    ['webhook.timeoutSeconds', 31, /at '\/webhook\/timeoutSeconds'/],
  ];
  for (const [path, value, message] of rows) await t.rejects(render({ [path]: value }), { message }, path);
});

t.test('there is no value that a login belongs into', async (t) => {
  for (const path of ['password', 'image.password', 'registryCredentials', 'config.password', 'proxy.password']) {
    await t.rejects(render({ [path]: 'not-a-real-one' }), { message: /not allowed/ }, path);
  }
  const proxy = { 'proxy.https': 'http://somebody:not-a-real-one@proxy.example:3128' };
  await t.rejects(render(proxy), { message: /at '\/proxy\/https'/ });
});

t.test('what Helm hands to every chart that another one includes is no mistake', async (t) => {
  t.ok((await render({ global: { anything: true } })).length > 0);
});

t.test('values that contradict each other are refused with what to do', async (t) => {
  const fail = { failurePolicy: 'Fail' };
  const toDo = /set replicas to 2 or more and podDisruptionBudget\.enabled to true, or take failurePolicy: Ignore/;
  const certManager = { 'certManager.enabled': true };
  const files = { cert: 'tls.crt', key: 'tls.key' };
  const rows: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{ ...fail, replicas: 1 }, toDo],
    [{ ...fail, 'podDisruptionBudget.enabled': false }, toDo],
    [certManager, /set certManager\.issuerRef\.name/],
    [{ ...certManager, 'certManager.issuerRef.name': 'x', 'config.certificate.files': files }, /leave one of them out/],
    [{ 'extraCa.configMap': 'a', 'extraCa.secret': 'b' }, /leave one of them out/],
    [{ healthPort: 8443 }, /port and healthPort are the same/],
    [{ statusPort: 8443 }, /statusPort is port or healthPort/],
    [{ statusPort: 8080 }, /set it to another port, or to 0 for none/],
  ];
  for (const [values, message] of rows) await t.rejects(render(values), { message }, JSON.stringify(values));
  t.ok((await render({ replicas: 1 })).length > 0, 'a single replica is fine with Ignore');
  const without = containerOf(await render({ statusPort: 0 }));
  t.same([without.args.includes('--status-port=0'), without.ports.length], [true, 2], 'no status, no port of it');
});

t.test('what is made from the chart is up to date', async (t) => {
  for (const [name, content] of await generatedFiles()) {
    const there = readFileSync(join(CHART, '..', '..', name), 'utf8');
    t.equal(there, content, `${name}: run node charts/generate.ts`);
  }
});
