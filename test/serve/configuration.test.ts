// The configuration file, followed.
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { followConfiguration } from '../../src/serve/configuration.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { memoryFiles } from '../credentials/memory-files.ts';

const PATH = '/etc/pullpass.yaml';

function configOf(text: string): Config {
  const loaded = loadConfig(text, PATH);
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

async function start(text: string) {
  const files = memoryFiles({ [PATH]: text });
  const metrics = createMetrics();
  const said: { readonly level: string; readonly fields: object }[] = [];
  const applied: Config[] = [];
  let current = configOf(text);
  const log = {
    info: (fields: object) => void said.push({ level: 'info', fields }),
    error: (fields: object) => void said.push({ level: 'error', fields }),
  } as never;
  const stop = followConfiguration({
    path: PATH,
    files,
    current: () => current,
    async apply(config) {
      applied.push(config);
      current = config;
    },
    log,
    metrics,
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  await settle();
  return {
    said,
    applied,
    stop,
    files,
    refused: async () => (await metrics.configRefused.get()).values[0]?.value ?? 0,
    async write(content: string | undefined): Promise<void> {
      files.write(PATH, content);
      await settle();
    },
  };
}

t.test('a good change is taken once, an equal file changes nothing', async (t) => {
  const { write, applied, said, refused } = await start('');
  await write('pullSecret: { grace: 1h }');
  await write('# a comment\npullSecret: { grace: 1h }');
  t.equal(applied.length, 1);
  t.equal(applied[0]?.pullSecret.grace, 3_600_000);
  t.equal(said.length, 1);
  t.equal(await refused(), 0);
});

t.test('a bad one is refused with all that is wrong with it, said once, and the good one stays', async (t) => {
  const { write, applied, said, refused } = await start('pullSecret: { grace: 1h }');
  await write('pullSecret: { grace: soon }\nworkloads: [Deploymnt]');
  await write('pullSecret: { grace: soon }\nworkloads: [Deploymnt]');
  t.equal(applied.length, 0);
  t.equal(said.length, 1);
  t.match(said[0]?.fields, { problems: [/pullSecret.grace "soon"/, /did you mean "Deployment"/] });
  t.equal(await refused(), 1);
  await write(undefined);
  t.match(said[1]?.fields, { problems: [/cannot be read: it does not exist/] });
  await write('pullSecret: { grace: 2h }');
  t.equal(applied.length, 1);
  t.equal(await refused(), 0);
});

t.test('what needs a restart is refused as a whole', async (t) => {
  const { write, applied, said } = await start('');
  await write('namespaces: { matchLabels: { a: b } }\nworkloads: [Job]\npullSecret: { name: other, grace: 1h }');
  t.equal(applied.length, 0);
  t.match(said[0]?.fields, { problems: [/pullSecret.name/, /namespaces takes/, /workloads takes/] });
});

t.test('a change between the reading for the start and the following is not missed', async (t) => {
  const files = memoryFiles({ [PATH]: 'pullSecret: { grace: 5h }' });
  const applied: Config[] = [];
  followConfiguration({
    path: PATH,
    files,
    current: () => configOf(''),
    apply: async (config) => void applied.push(config),
    log: { info: () => undefined, error: () => undefined } as never,
    metrics: createMetrics(),
  });
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  t.equal(applied.length, 1);
});
