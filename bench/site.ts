// Where servers are measured: a control plane, one certificate that all of them show, and a folder that goes at the end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateFor } from '../test/certificates/certificate-for.ts';
import { type ControlPlane, startControlPlane } from '../test/control-plane/control-plane.ts';
import { expectOk, makeNamespace } from '../test/serve/installation.ts';
import type { Ending } from './ending.ts';
import { LOAD_CPU, pin, stepBack, unpin } from './pinning.ts';
import type { Post } from './posts.ts';

export interface Site {
  readonly plane: ControlPlane;
  readonly folder: string;
  /** Paths of PEM files. */
  readonly certificate: { readonly cert: string; readonly key: string; readonly ca: string };
  /** PEM. */
  readonly ca: string;
  readonly ending: Ending;
}

/** @param hosts the names under which the API server calls the servers, `<Service>.<namespace>.svc` */
export async function openSite(ending: Ending, hosts: readonly string[] = []): Promise<Site> {
  // What the part before pinned, this one's processes would inherit.
  await unpin(process.pid);
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-bench-'));
  ending.add(() => rmSync(folder, { recursive: true, force: true }));
  const plane = await startControlPlane();
  ending.add(() => plane.stop());
  const made = await certificateFor('localhost', ...hosts);
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const certificate = {
    cert: write('tls.crt', made.cert),
    key: write('tls.key', made.key),
    ca: write('ca.crt', made.ca),
  };
  return { plane, folder, certificate, ca: made.ca, ending };
}

/**
 * Keeps the control plane off the processor of the server under test, and this process with it, which reads logs. When everything
 * is set up, and again after a process of the control plane was started anew.
 */
export async function putAside(plane: ControlPlane): Promise<void> {
  await pin(process.pid, LOAD_CPU);
  for (const pid of plane.pids.values()) {
    await pin(pid, LOAD_CPU);
    await stepBack(pid);
  }
}

/** @returns the path, for the load */
export function writePosts({ folder }: Site, name: string, posts: readonly Post[]): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(posts));
  return path;
}

/** Two dozen at a time. */
export async function eachOf<T>(values: readonly T[], work: (value: T) => Promise<void>): Promise<void> {
  const queue = values.values();
  const worker = async (): Promise<void> => {
    for (const value of queue) await work(value);
  };
  await Promise.all(Array.from({ length: 24 }, worker));
}

/** Namespaces that are fit for Pods. */
export async function makeNamespaces(
  { plane }: Site,
  wanted: readonly { readonly name: string; readonly labels: Record<string, string> }[],
): Promise<void> {
  await eachOf(wanted, ({ name, labels }) => makeNamespace(plane.api, name, labels));
}

/** The API server reaches it on this machine by the Service's name, as in production. */
export async function makeService({ plane }: Site, namespace: string, name: string, port: number): Promise<void> {
  const spec = { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] };
  await expectOk(plane.api.call('POST', `/api/v1/namespaces/${namespace}/services`, { metadata: { name }, spec }));
}

export interface WebhookOptions {
  readonly name: string;
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
  /** Labels of the namespaces whose Pods go there. */
  readonly namespaces: Readonly<Record<string, string>>;
  /** PEM; absent: whoever serves puts it there. */
  readonly ca?: string;
  /** CEL. */
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
}

export async function makeWebhook({ plane }: Site, options: WebhookOptions): Promise<void> {
  const { name, service, namespaces, ca, matchConditions } = options;
  const bundle = ca === undefined ? {} : { caBundle: Buffer.from(ca).toString('base64') };
  const webhook = {
    name: `${name}.bench.example.com`,
    admissionReviewVersions: ['v1'],
    sideEffects: 'NoneOnDryRun',
    failurePolicy: 'Fail',
    reinvocationPolicy: 'IfNeeded',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 10,
    namespaceSelector: { matchLabels: namespaces },
    clientConfig: { service: { ...service, path: '/mutate' }, ...bundle },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
    ...(matchConditions === undefined ? {} : { matchConditions }),
  };
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  await expectOk(plane.api.call('POST', path, { metadata: { name }, webhooks: [webhook] }));
}
