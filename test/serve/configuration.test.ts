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
  const waits: number[] = [];
  let onWait = (): void => undefined;
  const log = {
    info: (fields: object) => void said.push({ level: 'info', fields }),
    error: (fields: object) => void said.push({ level: 'error', fields }),
  } as never;
  const stop = followConfiguration({
    path: PATH,
    files,
    current: () => current,
    async wait(ms) {
      waits.push(ms);
      onWait();
    },
    async apply(config) {
      applied.push(config);
      current = config;
    },
    log,
    metrics,
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  await settle();
  return {
    waits,
    settle,
    /** What happens between two looks at the file, once. */
    meanwhile(happens: () => void): void {
      onWait = () => {
        onWait = () => undefined;
        happens();
      };
    },
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
  await write(
    'namespaces: { matchLabels: { a: b } }\nworkloads: [Job]\npullSecret: { name: other, formerNames: [pull], grace: 1h }\ncertificate: { leafLife: 24h }',
  );
  t.equal(applied.length, 0);
  t.match(said[0]?.fields, {
    problems: [
      /pullSecret.name takes/,
      /pullSecret.formerNames takes/,
      /namespaces takes/,
      /workloads takes/,
      /certificate takes/,
    ],
  });
});

t.test('a change between the reading for the start and the following is not missed', async (t) => {
  const files = memoryFiles({ [PATH]: 'pullSecret: { grace: 5h }' });
  const applied: Config[] = [];
  followConfiguration({
    path: PATH,
    files,
    current: () => configOf(''),
    wait: async () => undefined,
    apply: async (config) => void applied.push(config),
    log: { info: () => undefined, error: () => undefined } as never,
    metrics: createMetrics(),
  });
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  t.equal(applied.length, 1);
});

const FULL = 'pullSecret: { grace: 1h }\ncredentials: [{ name: a, match: [a.io], source: { credentialHelper: a } }]';

t.test('half a file is not taken for a whole one', async (t) => {
  const { write, applied, said, meanwhile, files, waits } = await start(FULL);
  meanwhile(() => files.write(PATH, 'pullSecret: { grace: 2h }\ncredentials: [{ name: a, match: [b.io], source:'));
  await write('pullSecret: { grace: 2h }');
  t.same(applied, [], 'neither the half that is good');
  t.equal(said.length, 1, 'and only what stands still is refused');
  meanwhile(() => files.write(PATH, FULL.replace('1h', '2h')));
  await write('pullSecret: { grace: 2h }');
  t.equal(applied.length, 1);
  t.equal(applied[0]?.credentials.length, 1, 'the whole');
  t.ok(waits.length > 0 && waits.every((ms) => ms === 250), 'a swap is taken within two looks');
});

t.test('a file that is gone for a moment, or says the same, is no news', async (t) => {
  const { write, said, meanwhile, files, waits } = await start(FULL);
  t.same(waits, [], 'what is in force need not stand still');
  meanwhile(() => files.write(PATH, FULL));
  await write(undefined);
  t.same(said, []);
});

t.test('an emptied file is refused with a hint, unless nothing was in force', async (t) => {
  for (const empty of ['', '# soon\n', '---\n', 'null\n']) {
    const { write, applied, said } = await start(FULL);
    await write(empty);
    t.same(applied, [], JSON.stringify(empty));
    t.same(said[0]?.fields, { problems: [`${PATH}: the file is empty now; write {} if all defaults are meant`] });
  }
  const { write, applied, said } = await start(FULL);
  await write('{}');
  t.equal(applied[0]?.credentials.length, 0, 'so meant');
  await write('');
  t.equal(said.length, 1, 'nothing was in force');
});

t.test('after the end nothing is taken any more', async (t) => {
  const { write, applied, meanwhile, stop, said } = await start('');
  meanwhile(stop);
  await write(FULL);
  t.same([applied, said], [[], []]);
});
