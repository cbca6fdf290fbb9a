// Namespaces of a real API server, each with another webhook in the way of its Pods, and creating Pods in them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, expectOk } from '../test/serve/installation.ts';
import type { Ending } from './ending.ts';
import type { Job, Outcome } from './job.ts';
import type { Target as Server } from './line.ts';
import { startLoad } from './loading.ts';
import { PEER_TITLES, type PeerName, startPeer } from './peers/peers.ts';
import { createPost, type Post } from './posts.ts';
import { hostOf, labelOf, startPullpass } from './pullpass.ts';
import { dockerConfig } from './registries.ts';
import { makeReviews } from './reviews.ts';
import { TURN_S } from './rounds.ts';
import { makeNamespaces, makeService, makeWebhook, openSite, type Site, writePosts } from './site.ts';

export interface Target {
  readonly name: string;
  readonly title: string;
  readonly namespace: string;
  /** Whether the pull Secret is added to Pods with private images. */
  readonly served: boolean;
  /** Only Pods with nothing to add. */
  readonly sendsPublic: boolean;
}

export interface CreateOptions {
  readonly dryRun: boolean;
  readonly inFlight: number;
  readonly seconds: number;
}

export interface Targets {
  /** The first one has no webhook. */
  readonly targets: readonly Target[];
  /** In each of them, in turns. Leaves no Pod behind. */
  create(targets: readonly Target[], options: CreateOptions): Promise<readonly Outcome[]>;
}

export const CREATES = { kilobytes: 7 };
const PULLPASS = 'pullpass-e2e';
const PEERS = ['plain', 'controller-runtime'] as const;
const PEERS_NAMESPACE = 'bench-peers';
const REGISTRIES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
/** A round of real creates leaves no more to be deleted. */
const REAL_MAX = 1_000;
/** What an administrator could write whose private images all come from hosts of one name. */
const PRIVATE_ONLY = {
  name: 'private-images',
  expression:
    "(object.spec.containers + object.spec.?initContainers.orValue([])).exists(c, c.image.startsWith('registry-'))",
};

export const TARGETS: readonly Target[] = [
  target('none', 'none', {}),
  target('pullpass', '**Pullpass**', { served: true }),
  ...PEERS.map((name) => target(name, PEER_TITLES[name], { served: true })),
  target('pullpass-public', '**Pullpass**, Pods that need nothing', { sendsPublic: true, namespace: 'e2e-pullpass' }),
  target('conditions', 'never called, by `matchConditions`, Pods that need nothing', { sendsPublic: true }),
];

function target(name: string, title: string, options: Partial<Target>): Target {
  return { name, title, namespace: `e2e-${name}`, served: false, sendsPublic: false, ...options };
}

export async function openTargets(ending: Ending): Promise<Targets> {
  const peerHosts = PEERS.map((name) => `${name}.${PEERS_NAMESPACE}.svc`);
  const site = await openSite(ending, [hostOf(PULLPASS), ...peerHosts]);
  const { api } = site.plane;
  await expectOk(api.call('POST', '/api/v1/namespaces', { metadata: { name: PEERS_NAMESPACE } }));
  const file = join(site.folder, 'docker-config.json');
  writeFileSync(file, dockerConfig(REGISTRIES.length));
  const places = [{ namespace: 'e2e-pullpass', registries: REGISTRIES }];
  const { port, pid } = await startPullpass(site, { name: PULLPASS, places, dockerConfigs: [file], pinned: false });
  const others = ['none', ...PEERS, 'conditions'];
  await makeNamespaces(
    site,
    others.map((name) => ({ name: `e2e-${name}`, labels: labelOf(name) })),
  );
  const pids = new Map([
    ['pullpass', pid],
    ['pullpass-public', pid],
  ]);
  for (const name of PEERS) pids.set(name, await enterPeer(site, name));
  const service = { namespace: PULLPASS, name: 'pullpass', port };
  const matchConditions = [PRIVATE_ONLY];
  await makeWebhook(site, {
    name: 'conditions',
    service,
    namespaces: labelOf('conditions'),
    ca: site.ca,
    matchConditions,
  });
  const load = startLoad(ending);
  const written = new Map<string, string>();
  function posts(target: Target, dryRun: boolean): string {
    const key = `creates-${target.name}-${dryRun}`;
    const path = written.get(key) ?? writePosts(site, key, postsFor(target, dryRun));
    written.set(key, path);
    return path;
  }

  function jobOf(target: Target, { dryRun, inFlight, seconds }: CreateOptions): Job {
    const behind = pids.get(target.name);
    return {
      name: target.name,
      target: administrator(site),
      pid: site.plane.pids.get('kube-apiserver') ?? 0,
      posts: posts(target, dryRun),
      ...{ connections: inFlight, seconds },
      ...(behind === undefined ? {} : { behind }),
      ...(dryRun ? {} : { requests: REAL_MAX }),
    };
  }

  return {
    targets: TARGETS,
    async create(targets, options) {
      const jobs = targets.map((target) => jobOf(target, options));
      const outcomes = await load.alternate({ jobs, turnSeconds: TURN_S });
      if (!options.dryRun) for (const { namespace } of targets) await empty(site, namespace);
      return outcomes;
    },
  };
}

/** @returns its process */
async function enterPeer(site: Site, name: PeerName & (typeof PEERS)[number]): Promise<number> {
  const { certificate, ending, ca } = site;
  const namespaces = [`e2e-${name}`];
  const { port, pid } = await startPeer(
    name,
    { certificate, credentials: REGISTRIES.length, namespaces, pin: false },
    ending,
  );
  await makeService(site, PEERS_NAMESPACE, name, port);
  const service = { namespace: PEERS_NAMESPACE, name, port };
  await makeWebhook(site, { name, service, namespaces: labelOf(name), ca });
  return pid;
}

/** The Pods of the same reviews for all of them, but for the namespace. */
function postsFor({ namespace, served, sendsPublic }: Target, dryRun: boolean): Post[] {
  const reviews = makeReviews({
    bytes: CREATES.kilobytes * 1_024,
    count: 64,
    places: [{ namespace, registries: REGISTRIES }],
  }).filter(({ adds, isPrivate }) => (sendsPublic ? !isPrivate : adds !== 'nothing'));
  return reviews.map((review) => createPost(review, { namespace, dryRun, served }));
}

function administrator({ plane }: Site): Server {
  const { clusters, users } = JSON.parse(readFileSync(plane.kubeconfig, 'utf8'));
  const pem = (base64: string): string => Buffer.from(base64, 'base64').toString();
  return {
    port: Number(new URL(plane.server).port),
    ca: pem(clusters[0].cluster['certificate-authority-data']),
    cert: pem(users[0].user['client-certificate-data']),
    key: pem(users[0].user['client-key-data']),
  };
}

/** Nobody runs them, so they are gone at once; what the controllers do about it is over a moment later. */
async function empty({ plane }: Site, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  await expectOk(plane.api.call('DELETE', path, { gracePeriodSeconds: 0 }));
  const gone = async () => (await plane.api.call('GET', `${path}?limit=1`)).body.items.length === 0 || undefined;
  await eventually(`no Pods in ${namespace}`, gone);
  await sleep(300);
}
