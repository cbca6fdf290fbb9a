// Pullpass as it ships: the bundle with the flags of the image and the rights of an installation, metrics and log on.
// Several can run beside each other in one control plane: each has its own namespace, its own webhook configuration, and its own
// namespaces that take part, so that none sees another's pull Secrets as its own.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../test/control-plane/ports.ts';
import { eventually, expectOk, type ServeProcess, startServe } from '../test/serve/installation.ts';
import { openDrain } from './log-drain.ts';
import { pin, SERVER_CPU } from './pinning.ts';
import { type Place, PULL_SECRET } from './reviews.ts';
import { eachOf, makeNamespaces, makeService, makeWebhook, type Site } from './site.ts';

export interface Member extends Place {
  /** Labels beside the one by which the installation knows its namespaces. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PullpassOptions {
  /** Of its own namespace. */
  readonly name: string;
  readonly places: readonly Member[];
  /** Labelled Secrets of its own namespace, each a credential. */
  readonly secrets?: readonly object[];
  /** Docker config files, each entry a credential. */
  readonly dockerConfigs?: readonly string[];
  /** Of node, beside those of the image. */
  readonly flags?: readonly string[];
  /** Instead of what the build made. */
  readonly program?: string;
  /** Off the processor of the load; default: yes. */
  readonly pinned?: boolean;
}

const RIGHTS = join(import.meta.dirname, '..', 'examples', 'rbac.yaml');
const SERVICE = 'pullpass';

/** By which name the API server calls it, which its certificate must have. */
export function hostOf(name: string): string {
  return `${SERVICE}.${name}.svc`;
}

/** The label by which an installation knows its namespaces. */
export function labelOf(name: string): Record<string, string> {
  return { 'bench.example.com/server': name };
}

/** Resolves when it is ready, and its namespaces hold their pull Secret. */
export async function startPullpass(site: Site, options: PullpassOptions): Promise<ServeProcess> {
  const { plane, folder, certificate, ending } = site;
  const { name, places } = options;
  const labels = labelOf(name);
  const [port] = await freePorts(1);
  await expectOk(plane.api.call('POST', '/api/v1/namespaces', { metadata: { name } }));
  const path = `/api/v1/namespaces/${name}/secrets`;
  await eachOf(options.secrets ?? [], async (secret) => void (await expectOk(plane.api.call('POST', path, secret))));
  await makeService(site, name, SERVICE, port);
  await makeWebhook(site, { name, service: { namespace: name, name: SERVICE, port }, namespaces: labels });
  await makeNamespaces(
    site,
    places.map((place) => ({ name: place.namespace, labels: { ...place.labels, ...labels } })),
  );
  const config = join(folder, `${name}.json`);
  const settings = {
    certificate: { files: certificate },
    namespaces: { matchLabels: labels },
    workloads: [],
    pullSecret: { distribution: 'everywhere' },
  };
  writeFileSync(config, JSON.stringify(settings));
  const drain = openDrain(folder);
  const args = ['--config', config, '--namespace', name, '--webhook-configuration', name, '--drain', '0'];
  for (const file of options.dockerConfigs ?? []) args.push('--docker-config', file);
  const starting = startServe(plane, args, {
    ...{ port, bundle: true, log: drain.descriptor },
    ...(options.flags && { flags: options.flags }),
    ...(options.program && { program: options.program }),
    kubeconfig: await kubeconfigFor(site, name),
  });
  const serve = await starting.catch(async (error: unknown) => {
    drain.handedOver();
    throw new Error(`${error}${await drain.rest()}`);
  });
  drain.handedOver();
  ending.add(() => serve.stop('SIGKILL'));
  if (options.pinned !== false) await pin(serve.pid, SERVER_CPU);
  for (const { namespace } of places) {
    const path = `/api/v1/namespaces/${namespace}/secrets/${PULL_SECRET}`;
    await eventually(path, async () => ((await plane.api.call('GET', path)).status === 200 ? true : undefined));
  }
  return serve;
}

/** The rights of examples/rbac.yaml, for an installation of another name. */
async function kubeconfigFor({ plane }: Site, name: string): Promise<string> {
  const rights = readFileSync(RIGHTS, 'utf8')
    .replaceAll('pullpass-system', name)
    .replace(/(kind: ClusterRole(?:Binding)?\nmetadata:\n {2}name: )pullpass/g, `$1${name}`)
    .replace('kind: ClusterRole, name: pullpass', `kind: ClusterRole, name: ${name}`)
    .replace(/(\[mutatingwebhookconfigurations\], resourceNames: )\[pullpass\]/, `$1[${name}]`);
  const applied = await plane.kubectl(['apply', '-f', '-'], rights);
  if (applied.code !== 0) throw new Error(applied.stderr);
  const path = `/api/v1/namespaces/${name}/serviceaccounts/pullpass/token`;
  const { body } = await expectOk(plane.api.call('POST', path, { spec: { expirationSeconds: 7 * 24 * 3_600 } }));
  return plane.kubeconfigFor(body.status.token, name);
}
