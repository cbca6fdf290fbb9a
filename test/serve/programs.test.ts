// When the program of a new leader runs at the start: not while what is kept is fresh, at once if it was given for another
// source, command or environment.
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import type { KeptLogin } from '../../src/credentials/kept.ts';
import { askedDigest } from '../../src/credentials/source-digest.ts';
import { createPrograms } from '../../src/serve/programs.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const folder = mkdtempSync(join(tmpdir(), 'pullpass-programs-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function configOf(path: string, more: string): Config {
  const source = `{ credentialProvider: { command: ${path}${more} } }`;
  const loaded = loadConfig(`credentials: [{ name: acme, match: [r.acme.io], source: ${source} }]`, '/etc/p.yaml');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

/** Whether the program runs within a moment after the start. */
async function runs(login: KeptLogin | undefined, config: Config, touched: string, role: string): Promise<boolean> {
  const logins = new Map(login === undefined ? [] : [['r.acme.io', login]]);
  const catalog = { kept: new Map([['acme', { logins }]]) };
  const credentials = {
    inForce: () => ({ config, catalog }),
    onChange: () => undefined,
    answers: { answer: () => undefined, forgetAnswers: () => undefined },
  } as unknown as Parameters<typeof createPrograms>[0]['credentials'];
  const environment = { PATH: process.env.PATH, AWS_ROLE_ARN: role };
  const programs = createPrograms({ credentials, environment, metrics: createMetrics() });
  programs.start();
  for (let i = 0; i < (login === undefined ? 200 : 40) && !existsSync(touched); i++) await sleep(25);
  await programs.stop();
  return existsSync(touched);
}

t.test('what is kept is fresh only for whoever would ask in the same way', async (t) => {
  for (const [because, role, more, expected] of [
    ['the same', 'one', '', false],
    ['another environment of the process', 'two', '', true],
    ['other arguments', 'one', ', args: [x]', true],
    ['another variable', 'one', ', env: { X: "1" }', true],
    ['nothing kept', 'one', '', true],
  ] as const) {
    const path = join(folder, because.replaceAll(' ', '-'));
    const touched = `${path}-ran`;
    writeFileSync(path, `#!/bin/sh\ntouch ${touched}\n`);
    chmodSync(path, 0o755);
    const [before] = configOf(path, '').credentials;
    if (before === undefined) throw new Error('there is one');
    const asked = askedDigest(before.source, { PATH: process.env.PATH ?? '', AWS_ROLE_ARN: 'one' }, before.match);
    const login = { username: 'u', password: 'fake', obtained: Date.now() - 1_000, asked };
    const kept = because === 'nothing kept' ? undefined : login;
    t.equal(await runs(kept, configOf(path, more), touched, role), expected, because);
  }
});
