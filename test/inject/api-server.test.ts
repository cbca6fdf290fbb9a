// `inject` and the API server agree: each golden story is created, as a dry run, on a real API server whose webhook is `serve`
// with the credentials of all stories, each for the namespace of its own story; and the same manifest goes through `inject`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { eventually, expectOk, install, makeNamespace, startServe } from '../serve/installation.ts';
import { injectStory, type Manifest, podSpecOf, readStory, STORIES, type Story } from './story.ts';

const PATHS: Readonly<Record<string, (namespace: string) => string>> = {
  Pod: (namespace) => `/api/v1/namespaces/${namespace}/pods`,
  Deployment: (namespace) => `/apis/apps/v1/namespaces/${namespace}/deployments`,
  StatefulSet: (namespace) => `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
  ReplicaSet: (namespace) => `/apis/apps/v1/namespaces/${namespace}/replicasets`,
  CronJob: (namespace) => `/apis/batch/v1/namespaces/${namespace}/cronjobs`,
  Rollout: (namespace) => `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts`,
};

const rule = (group: string, version: string, resource: string): object => ({
  apiGroups: [group],
  apiVersions: [version],
  resources: [resource],
  operations: ['CREATE'],
});
const RULES = [
  rule('apps', 'v1', 'statefulsets'),
  rule('apps', 'v1', 'replicasets'),
  rule('batch', 'v1', 'cronjobs'),
  rule('argoproj.io', 'v1alpha1', 'rollouts'),
];

const ROLLOUTS = {
  metadata: { name: 'rollouts.argoproj.io' },
  spec: {
    group: 'argoproj.io',
    scope: 'Namespaced',
    names: { plural: 'rollouts', singular: 'rollout', kind: 'Rollout', listKind: 'RolloutList' },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

interface StoryConfig {
  readonly credentials: { name: string; match: string[]; namespaces?: { matchLabels?: object }; source: object }[];
  readonly workloads?: unknown[];
}

/** One configuration for all: the credentials of a story are for the namespace of that name. */
function combined(stories: readonly Story[]): { readonly config: object; readonly logins: object } {
  const configs = stories.map(({ name, folder }): [string, StoryConfig] => [
    name,
    parse(readFileSync(join(folder, 'config.yaml'), 'utf8')),
  ]);
  const credentials = configs.flatMap(([story, config]) =>
    config.credentials.map(({ name, namespaces, ...rest }) => ({
      ...rest,
      name: `${story}.${name}`,
      namespaces: { matchLabels: { ...namespaces?.matchLabels, story } },
    })),
  );
  const login = { auth: Buffer.from('nobody:not-a-real-password').toString('base64') };
  const hosts = credentials.flatMap(({ match }) => match.map((pattern) => pattern.split('/')[0] ?? ''));
  const workloads = configs.flatMap(([, config]) => config.workloads ?? ['Deployment']);
  return {
    config: { credentials, workloads: [...new Map(workloads.map((one) => [JSON.stringify(one), one])).values()] },
    logins: { auths: Object.fromEntries(hosts.map((host) => [host, login])) },
  };
}

const secretsOf = (manifest: unknown): readonly string[] =>
  (podSpecOf(manifest).imagePullSecrets ?? []).map(({ name }) => name);

t.test('for every golden story the pod spec lists the same Secrets', async (t) => {
  const stories = STORIES.map(readStory);
  const plane = await startControlPlane();
  t.teardown(() => plane.stop());
  const { api } = plane;
  const [port] = await freePorts(1);
  await install(api, port, { rules: RULES });
  await expectOk(api.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', ROLLOUTS));
  const { config, logins } = combined(stories);
  writeFileSync(join(plane.folder, 'config.json'), JSON.stringify(logins));
  writeFileSync(join(plane.folder, 'pullpass.yaml'), stringify(config));
  await Promise.all(stories.map(({ name, labels }) => makeNamespace(api, name, { ...labels, story: name })));
  await Promise.all(stories.map((story) => giveAccount(story)));
  const serve = await startServe(plane, ['--config', join(plane.folder, 'pullpass.yaml')], { port });
  t.teardown(() => serve.stop('SIGKILL'));
  await eventually('rollouts are served', async () => {
    const { status } = await api.call('GET', PATHS.Rollout?.('default') ?? '');
    return status === 200 ? true : undefined;
  });
  let listed = 0;
  for (const story of stories) {
    const { stdout } = await injectStory(story);
    const injected = secretsOf(parseAllDocuments(stdout).at(-1)?.toJS());
    const path = PATHS[story.manifest.kind]?.(story.name) ?? '';
    const created = await expectOk(api.call('POST', `${path}?dryRun=All`, story.manifest));
    t.strictSame(injected, secretsOf(created.body), story.name);
    if (injected.length > 0) listed++;
  }
  t.ok(listed >= 5, `${listed} of ${stories.length} list any`);

  /** Kubernetes makes the one that is called default. */
  async function giveAccount({ name: namespace, account }: Story): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const { name } = (account as Manifest).metadata;
    if (name !== 'default') await expectOk(api.call('POST', path, account));
    else await expectOk(api.call('PATCH', `${path}/default`, account, 'application/merge-patch+json'));
  }
});
