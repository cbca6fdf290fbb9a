// A cluster with many namespaces, each with its pull Secret, and one installation of Pullpass with its own CA: what the parts
// about memory and about starting begin with.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../test/control-plane/ports.ts';
import {
  eventually,
  expectOk,
  install,
  makeCredential,
  type ServeProcess,
  type StartOptions,
  startServe,
} from '../test/serve/installation.ts';
import type { Ending } from './ending.ts';
import { registryName } from './registries.ts';
import type { Place } from './reviews.ts';
import { eachOf, openSite, type Site } from './site.ts';

export interface Scale {
  readonly site: Site;
  /** Some of them, for reviews. */
  readonly places: readonly [Place, ...Place[]];
  /** A replica that finds everything as it should be. */
  start(options?: StartOptions): Promise<ServeProcess>;
}

export const CREDENTIALS = 10;
const WRITTEN = 'pullpass_sync_changes_total';
/** A machine that does other things too may take its time for ten thousand. */
const PATIENCE_S = 600;

export async function openScale(ending: Ending, namespaces: number, say: (text: string) => void): Promise<Scale> {
  const site = await openSite(ending);
  const { plane, folder } = site;
  const { api } = plane;
  const [port] = await freePorts(1);
  await install(api, port);
  const config = join(folder, 'pullpass.yaml');
  writeFileSync(config, 'pullSecret: { distribution: everywhere }\n');
  for (let i = 0; i < CREDENTIALS; i++)
    await makeCredential(api, `registry-${i}`, { [registryName(i)]: { username: 'robot', password: `fake-${i}` } });
  say(`making ${namespaces} namespaces`);
  await fill(site, namespaces);

  async function start(options: StartOptions = {}): Promise<ServeProcess> {
    const serve = await startServe(plane, ['--config', config, '--drain', '0'], { port, bundle: true, ...options });
    ending.add(() => serve.stop('SIGKILL'));
    return serve;
  }

  const first = await start();
  const written = async (): Promise<true | undefined> =>
    (await first.metric(WRITTEN, { outcome: 'written' })) >= namespaces || undefined;
  await eventually('all pull Secrets', written, PATIENCE_S);
  const accounts = async () => (await api.call('GET', '/api/v1/serviceaccounts?limit=1')).body.metadata;
  await eventually(
    'all ServiceAccounts',
    async () => (await accounts()).remainingItemCount >= namespaces || undefined,
    PATIENCE_S,
  );
  await first.stop();
  const registries = Array.from({ length: CREDENTIALS }, (_, i) => i);
  const place = (i: number): Place => ({ namespace: `team-${i}`, registries });
  return { site, places: [place(0), place(1), place(2), place(3)], start };
}

function fill({ plane }: Site, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `team-${i}`);
  return eachOf(names, async (name) => {
    const metadata = { name, labels: { 'pullpass.dev/inject': 'enabled' } };
    await expectOk(plane.api.call('POST', '/api/v1/namespaces', { metadata }));
  });
}
