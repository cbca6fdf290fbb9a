// Applies the example application with kubectl, as anybody would, and waits until the controllers have made of it what they make.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlane } from '../../test/control-plane/control-plane.ts';
import { eventually, PULL_SECRET, pod } from '../../test/serve/installation.ts';
import { renderChart } from './chart.ts';

export const NAMESPACES = ['shop', 'classic', 'unlabelled'] as const;
const LABELLED = ['shop', 'classic'] as const;
const LABEL = 'pullpass.dev/inject=enabled';

/** @returns the resourceVersion of the cluster before the first object of the application */
export async function applyApplication(plane: ControlPlane, say: (line: string) => void): Promise<string> {
  const manifest = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');
  await apply(plane, manifest('0-namespaces.yaml'));
  await kubectl(plane, ['create', 'namespace', 'classic']);
  for (const namespace of LABELLED) {
    say(`kubectl label namespace ${namespace} ${LABEL}`);
    await kubectl(plane, ['label', 'namespace', namespace, LABEL]);
  }
  for (const namespace of NAMESPACES) await becomesFit(plane, namespace);
  const { body } = await plane.api.call('GET', '/api/v1/namespaces');
  say('kubectl apply -f examples/demo, and the rendered examples/classic-chart');
  await apply(plane, manifest('deployment.yaml'));
  await apply(plane, manifest('pods.yaml'));
  // Its namespace was made and labelled above, so the chart does not make it.
  await apply(plane, await renderChart('classic-chart', { createNamespace: 'false' }));
  await Promise.all(LABELLED.map((namespace) => deployed(plane, namespace)));
  return body.metadata.resourceVersion;
}

function apply(plane: ControlPlane, manifests: string): Promise<void> {
  return kubectl(plane, ['apply', '-f', '-'], manifests);
}

async function kubectl(plane: ControlPlane, args: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await plane.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed: ${stderr.trim()}`);
}

/**
 * Fit for Pods: it has its ServiceAccount, and the API server has heard of the label, which it does a few milliseconds after
 * it was put on an older namespace. A Pod created in between would not reach Pullpass.
 */
async function becomesFit(plane: ControlPlane, namespace: string): Promise<void> {
  const labelled = LABELLED.some((name) => name === namespace);
  await eventually(`namespace ${namespace} is fit for Pods`, async () => {
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const { status, body } = await plane.api.call('POST', path, pod('try', 'ghcr.io/acme/web:1'));
    if (status !== 201) return undefined;
    return !labelled || body.spec.imagePullSecrets?.[0]?.name === PULL_SECRET ? true : undefined;
  });
}

async function deployed(plane: ControlPlane, namespace: string): Promise<void> {
  await eventually(`the Pods of the Deployment in ${namespace}`, async () => {
    const { body } = await plane.api.call('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/web`);
    const { replicas, observedGeneration } = body.status ?? {};
    return replicas === body.spec.replicas && observedGeneration === body.metadata.generation ? true : undefined;
  });
}
