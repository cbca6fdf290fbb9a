// What happens to a replica while its callers go on: nothing; every resource listed anew, as after a restart of the API server
// that has forgotten where the watches were; and a login that is rotated in every namespace.
import { eventually, expectOk, OWN_NAMESPACE, type ServeProcess } from '../test/serve/installation.ts';
import { registryName } from './registries.ts';
import type { Scale } from './scale.ts';
import { putAside } from './site.ts';

export interface Disturbance {
  readonly name: string;
  /** How long callers are watched. */
  readonly seconds: number;
  /** Resolves when it is over. */
  act(): Promise<void>;
}

export interface DisturbOptions {
  readonly scale: Scale;
  readonly serve: ServeProcess;
  /** Of namespaces. */
  readonly count: number;
  readonly quick: boolean;
}

const PATIENCE_S = 300;
/** Objects in one list of those that are listed anew. */
const PAGE = 100;
/** Reading the metrics costs the replica a turn of several milliseconds; a Prometheus does it every 15 or 30 s. */
const LOOK_EVERY_MS = 2_000;
/** A rotation writes so many namespaces a second, at least, where the API server has half a processor. */
const WRITES_PER_SECOND = 100;

export function disturb({ scale, serve, count, quick }: DisturbOptions): Disturbance[] {
  return [
    { name: 'nothing else happens', seconds: quick ? 2 : 10, act: async () => undefined },
    { name: 'everything is listed anew', seconds: quick ? 5 : 20, act: () => relist(scale, serve, count) },
    {
      name: 'a login is rotated everywhere',
      seconds: quick ? 5 : Math.min(120, Math.max(15, count / WRITES_PER_SECOND)),
      act: () => rotate(scale, serve, count),
    },
  ];
}

/** The API server comes back with an empty history, so that no watch can go on where it was. */
async function relist({ site }: Scale, serve: ServeProcess, count: number): Promise<void> {
  const { plane } = site;
  const before = await listed(serve);
  await plane.killApiServer();
  await plane.startApiServer();
  await putAside(plane);
  const pages = Math.ceil(count / PAGE);
  const all = async (): Promise<true | undefined> => {
    const now = await listed(serve);
    return now.every((lists, i) => lists >= (before[i] ?? 0) + pages) || undefined;
  };
  await eventually('everything listed anew', all, PATIENCE_S, LOOK_EVERY_MS);
  const elected = async () => (await serve.metric('pullpass_elected')) === 1 || undefined;
  await eventually('elected', elected, PATIENCE_S, LOOK_EVERY_MS);
}

/** How many lists were made of what there is one of for each namespace, and is large. */
function listed(serve: ServeProcess): Promise<number[]> {
  const of = (resource: string): Promise<number> =>
    serve.metric('pullpass_api_calls_total', { verb: 'list', resource, code: '200' });
  return Promise.all(['namespaces', 'serviceaccounts', 'secrets'].map(of));
}

async function rotate({ site }: Scale, serve: ServeProcess, count: number): Promise<void> {
  const written = (): Promise<number> => serve.metric('pullpass_sync_changes_total', { outcome: 'written' });
  const before = await written();
  const auths = { [registryName(0)]: { username: 'robot', password: `fake-${Date.now()}` } };
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/registry-0`;
  await expectOk(site.plane.api.call('PATCH', path, { data }, 'application/merge-patch+json'));
  const all = async () => (await written()) >= before + count || undefined;
  await eventually('the rotation', all, PATIENCE_S, LOOK_EVERY_MS);
}
