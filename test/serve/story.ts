// What the stories against the real API server share: one control plane with Pullpass installed, with the rights and under the
// policies of the chart, and the few calls that every story makes. It asserts nothing; a call that the API server refuses throws.
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { apply, policiesOf } from '../chart/policies.ts';
import { render } from '../chart/render.ts';
import type { ApiAnswer } from '../control-plane/api.ts';
import { type ControlPlane, freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { eventually, expectOk, install, PULL_SECRET, pod, type ServeProcess, startServe } from './installation.ts';

export const PRIVATE = 'ghcr.io/acme/app:1';
export const PUBLIC = 'public.example.com/acme/app:1';
/** A Secret of a ServiceAccount. Nobody looks whether it exists. */
export const TEAM_SECRET = 'team-registry';
export const LOGIN = { username: 'fake-user', password: 'fake-password' };

export interface StageOptions {
  /** Text of the configuration file. */
  readonly config?: string;
  readonly rules?: readonly object[];
  /** Takes what must be called at the end. */
  readonly teardown: (stop: () => unknown) => void;
  /** Before `serve` starts: credentials, for example. */
  readonly prepare: (plane: ControlPlane) => Promise<void>;
}

export interface Stage {
  readonly plane: ControlPlane;
  readonly serve: ServeProcess;
}

export async function openStage({ config, rules = [], teardown, prepare }: StageOptions): Promise<Stage> {
  const plane = await startControlPlane();
  teardown(() => plane.stop());
  const [port] = await freePorts(1);
  await install(plane.api, port, { failurePolicy: 'Fail', rules });
  await apply(plane, policiesOf(await render()));
  await prepare(plane);
  const args: string[] = [];
  if (config !== undefined) {
    const file = join(plane.folder, 'pullpass.yaml');
    writeFileSync(file, config);
    args.push('--config', file);
  }
  const serve = await startServe(plane, args, { port });
  teardown(() => serve.stop('SIGKILL'));
  return { plane, serve };
}

/** The calls of the stories, as the administrator of this control plane. */
export function actorOn({ plane: { api } }: Pick<Stage, 'plane'>) {
  const secretPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets/${PULL_SECRET}`;
  const get = (path: string): Promise<ApiAnswer> => api.call('GET', path);
  const merge = (path: string, patch: object): Promise<ApiAnswer> =>
    expectOk(api.call('PATCH', path, patch, 'application/merge-patch+json'));
  return {
    get,
    merge,
    create: (path: string, object: object): Promise<ApiAnswer> => expectOk(api.call('POST', path, object)),
    apply: (path: string, object: object, manager: string): Promise<ApiAnswer> =>
      expectOk(api.call('PATCH', `${path}?fieldManager=${manager}&force=true`, object, 'application/apply-patch+yaml')),
    createPod: (namespace: string, object: object): Promise<ApiAnswer> =>
      expectOk(api.call('POST', podsPath(namespace), object)),
    secret: (namespace: string): Promise<ApiAnswer> => get(secretPath(namespace)),
    /** The only Pod that the controllers made in the namespace, once it is there. */
    onlyPod: (namespace: string, labels: string) =>
      eventually(`a Pod in ${namespace}`, async () => {
        const { body } = await get(`${podsPath(namespace)}?labelSelector=${encodeURIComponent(labels)}`);
        return body.items?.[0];
      }),
    /** Labels a namespace and waits until the API server sends its reviews. */
    async enable(namespace: string): Promise<void> {
      await merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { 'pullpass.dev/inject': 'enabled' } } });
      await eventually(`${namespace} is served`, async () => {
        const { body } = await api.call('POST', `${podsPath(namespace)}?dryRun=All`, pod('probe', PRIVATE));
        return listed(body.spec).includes(PULL_SECRET) ? true : undefined;
      });
    },
    /** Gives the default ServiceAccount a Secret and waits until Pullpass knows it. */
    async giveServiceAccountSecret(namespace: string): Promise<void> {
      const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
      await merge(account, { imagePullSecrets: [{ name: TEAM_SECRET }] });
      const probe = { ...pod('probe', PRIVATE) } as { spec: object };
      probe.spec = { ...probe.spec, imagePullSecrets: [{ name: PULL_SECRET }] };
      await eventually('the ServiceAccount is known', async () => {
        const { body } = await api.call('POST', `${podsPath(namespace)}?dryRun=All`, probe);
        return listed(body.spec).includes(TEAM_SECRET) ? true : undefined;
      });
    },
  };
}

export function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

export function deploymentsPath(namespace: string): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments`;
}

/** The names in `imagePullSecrets` of a pod spec. */
export function listed(podSpec: { readonly imagePullSecrets?: readonly { name: string }[] } | undefined): string[] {
  return (podSpec?.imagePullSecrets ?? []).map(({ name }) => name);
}

export function template(image: string, restartPolicy?: string): object {
  return {
    metadata: { labels: { app: 'shop' } },
    spec: { containers: [{ name: 'main', image }], ...(restartPolicy === undefined ? {} : { restartPolicy }) },
  };
}

export function deployment(
  name: string,
  image: string,
  replicas = 0,
): { spec: { template: object }; metadata: object } {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: { app: 'shop' } }, template: template(image) },
  } as { spec: { template: object }; metadata: object };
}

/** Sends a review to `serve` itself, past the API server. @returns the patch, decoded; undefined: there is none */
export function postReview(port: number, review: object): Promise<unknown> {
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: review });
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const target = { host: '127.0.0.1', port, path: '/mutate?timeout=10s', method: 'POST', headers };
    const outgoing = request({ ...target, rejectUnauthorized: false, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`serve answered ${response.statusCode}: ${text}`));
        const { patch } = JSON.parse(text).response;
        resolve(patch === undefined ? undefined : JSON.parse(Buffer.from(patch, 'base64').toString()));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
