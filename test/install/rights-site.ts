// Installations of Pullpass as the chart renders it, side by side in one control plane, each of which may lack one right. Each
// has a namespace, a ServiceAccount, a webhook configuration, a pull Secret and namespaces of its own, so that they do not meet.
// The surprising rule: they run in the process of the test, as a program for each would be slow to start; what they may do is as
// in production, by a token of their ServiceAccount.
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { type Serving, serve } from '../../src/serve/serve.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { find, flag, type Manifest, render } from '../chart/render.ts';
import type { Api } from '../control-plane/api.ts';
import { type ControlPlane, freePorts } from '../control-plane/control-plane.ts';
import { expectOk, makeNamespace } from '../serve/installation.ts';

/** Stands in what is rendered once, for the name of each installation. */
export const PLACE = 'pullpass-place';
export const PULL_SECRET = `${PLACE}-dockercfg`;
/** That the pull Secret had before. */
export const FORMER = `${PLACE}-former`;
/** A credential whose program never gives a login. */
export const LOGINLESS = 'exec';
export const LOGINLESS_HOST = 'exec.example.com';

/** One verb of one rule on one resource. */
export interface Right {
  readonly scope: 'cluster' | 'own namespace';
  readonly group: string;
  readonly resource: string;
  /** That it is restricted to. */
  readonly name: string | undefined;
  readonly verb: string;
}

export interface Installation {
  /** Of everything that is its own. */
  readonly name: string;
  readonly pullSecret: string;
  readonly former: string;
  readonly port: number;
  /** Of the administrator. */
  readonly api: Api;
  isReady(): boolean;
  /** How many calls of the API server it made. */
  calls(call: { readonly verb?: string; readonly resource?: string; readonly code?: string }): Promise<number>;
  /** What it may not do of what it tried, as `verb resource`. */
  refused(): Promise<readonly string[]>;
  /** The value of a counter. */
  count(counter: 'admissions' | 'caBundleWrites', labels: Readonly<Record<string, string>>): Promise<number>;
  /** A namespace that takes part, and is this installation's alone. */
  makeNamespace(suffix: string): Promise<string>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function renderPlace(): Promise<readonly Manifest[]> {
  const source = { credentialProvider: { command: 'false' } };
  const config = {
    namespaces: { matchLabels: { team: PLACE } },
    pullSecret: { name: PULL_SECRET, formerNames: [FORMER], grace: '0s' },
    missedPods: { repair: 'restart' },
    credentials: [{ name: LOGINLESS, match: [LOGINLESS_HOST], source }],
  };
  // What is a time-out on a busy machine would look like a right that is missing.
  return render({ config, 'webhook.timeoutSeconds': 5 }, { release: PLACE, namespace: PLACE });
}

/** All that the roles give, one by one. */
export function rightsOf(manifests: readonly Manifest[]): readonly Right[] {
  const roles = [
    ['cluster', 'ClusterRole'],
    ['own namespace', 'Role'],
  ] as const;
  const all: Right[] = [];
  for (const [scope, kind] of roles) {
    for (const { apiGroups, resources, resourceNames = [undefined], verbs, ...rest } of find(manifests, kind).rules) {
      if (Object.keys(rest).length > 0) throw new Error(`a rule with ${Object.keys(rest)} is more than this can read`);
      for (const group of apiGroups)
        for (const resource of resources)
          for (const name of resourceNames) for (const verb of verbs) all.push({ scope, group, resource, name, verb });
    }
  }
  return all;
}

function rulesOf(rights: readonly Right[], scope: Right['scope']): readonly object[] {
  return rights
    .filter((right) => right.scope === scope)
    .map(({ group, resource, name, verb }) => ({
      apiGroups: [group],
      resources: [resource],
      ...(name !== undefined && { resourceNames: [name] }),
      verbs: [verb],
    }));
}

/** Makes all that belongs to it; it runs when it is started. @param rights those that it has, in place of those rendered */
export async function raise(
  plane: ControlPlane,
  rendered: readonly Manifest[],
  name: string,
  rights: readonly Right[],
): Promise<Installation> {
  const { api } = plane;
  const [port] = await freePorts(1);
  const manifests: readonly Manifest[] = JSON.parse(
    JSON.stringify(limitedTo(rights, rendered)).replaceAll(PLACE, name),
  );
  await makeNamespace(api, name, {});
  for (const kind of KINDS) await expectOk(post(api, reachedAt(port, find(manifests, kind))));
  await expectOk(post(api, labelledSecret(name)));
  const path = `/api/v1/namespaces/${name}/serviceaccounts/${name}/token`;
  const { body } = await expectOk(api.call('POST', path, { spec: { expirationSeconds: 3_600 } }));
  return describe(api, name, port, {
    config: configOf(manifests),
    kubeconfig: plane.kubeconfigFor(body.status.token, name),
    service: flag(manifests, 'service') ?? '',
    webhookConfiguration: flag(manifests, 'webhook-configuration') ?? '',
  });
}

const KINDS = [
  ...['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  ...['Service', 'MutatingWebhookConfiguration'],
];

function limitedTo(rights: readonly Right[], manifests: readonly Manifest[]): readonly Manifest[] {
  const rules: Readonly<Record<string, readonly object[]>> = {
    ClusterRole: rulesOf(rights, 'cluster'),
    Role: rulesOf(rights, 'own namespace'),
  };
  return manifests.map((manifest) =>
    manifest.kind in rules ? { ...manifest, rules: rules[manifest.kind] } : manifest,
  );
}

/** What stands between the API server and its Pods is a process on this machine. */
function reachedAt(port: number, manifest: Manifest): Manifest {
  if (manifest.kind === 'Service') {
    return { ...manifest, spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] } };
  }
  for (const { clientConfig } of manifest.webhooks ?? []) clientConfig.service.port = port;
  return manifest;
}

function post(api: Api, manifest: Manifest): ReturnType<Api['call']> {
  const { apiVersion, kind, metadata } = manifest;
  const within = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  const version = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  return api.call('POST', `${version}${within}/${kind.toLowerCase()}s`, manifest);
}

export function labelledSecret(namespace: string, password = 'fake'): Manifest {
  const auths = { 'ghcr.io': { username: 'robot', password } };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'ghcr', namespace, labels: { 'pullpass.dev/credential': 'enabled' } },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  };
}

function configOf(manifests: readonly Manifest[]): Config {
  const loaded = loadConfig(find(manifests, 'ConfigMap').data['pullpass.yaml'], 'pullpass.yaml');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

function describe(
  api: Api,
  name: string,
  port: number,
  own: Pick<Parameters<typeof serve>[0], 'config' | 'service' | 'webhookConfiguration'> & { kubeconfig: string },
): Installation {
  const metrics = createMetrics();
  let serving: Serving | undefined;
  let ready = false;
  const calls = async () => (await metrics.apiCalls.get()).values;
  return {
    ...{ name, port, api, pullSecret: PULL_SECRET.replace(PLACE, name), former: FORMER.replace(PLACE, name) },
    isReady: () => ready,
    async calls(wanted) {
      return sumOf(await calls(), wanted);
    },
    async refused() {
      const refusals = (await calls()).filter(({ labels }) => labels.code === '403');
      return refusals.map(({ labels }) => `${labels.verb} ${labels.resource}`).sort();
    },
    count: async (counter, labels) => sumOf((await metrics[counter].get()).values, labels),
    async makeNamespace(suffix) {
      await makeNamespace(api, `${name}-${suffix}`, { team: name });
      return `${name}-${suffix}`;
    },
    async start() {
      serving = await serve({
        ...{ ...own, metrics, namespace: name, identity: name, dockerConfigs: [], environment: process.env },
        ...{ host: '127.0.0.1', port, healthPort: 0, statusPort: 0, drainMs: 0 },
        log: createLogger('error', { write: () => undefined }),
      });
      void serving.ready.then(() => {
        ready = true;
      });
    },
    stop: async () => serving?.stop(),
  };
}

function sumOf(
  values: readonly { readonly value: number; readonly labels: Readonly<Partial<Record<string, string | number>>> }[],
  wanted: Readonly<Record<string, string | undefined>>,
): number {
  const fits = values.filter(({ labels }) => Object.entries(wanted).every(([key, value]) => labels[key] === value));
  return fits.reduce((sum, { value }) => sum + value, 0);
}
