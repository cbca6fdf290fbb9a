// What is asked before an installation, beside what is always asked.
import type { Asked, FactsBefore, Settings } from './facts.ts';
import { ADMISSION, gather, notAllowed } from './gather.ts';
import type { Named, Service } from './objects.ts';
import type { Act, CheckPorts, Reading } from './ports.ts';
import { actsOf, installActs, SERVE_RIGHTS } from './rights.ts';

const RBAC = 'rbac.authorization.k8s.io';

export async function gatherBefore(
  ports: CheckPorts,
  asked: Asked,
  settings: Settings,
  configuration: FactsBefore['configuration'],
): Promise<FactsBefore> {
  const { namespace, webhookConfiguration } = asked;
  const [facts, admissionResources, cannotInstall, cannotGrant, clusterRole, service] = await Promise.all([
    gather(ports, asked, settings),
    readAdmissionResources(ports),
    notAllowed(ports, installActs(namespace)),
    readCannotGrant(ports, asked, settings),
    ports.get({ group: RBAC, resource: 'clusterroles', name: webhookConfiguration }),
    ports.get({ resource: 'services', namespace, name: asked.service }),
  ]);
  return {
    ...{ ...facts, admissionResources, cannotInstall, cannotGrant },
    clusterRole: clusterRole as Reading<Named>,
    service: service as Reading<Service>,
    ...(configuration !== undefined && { configuration }),
  };
}

async function readAdmissionResources(ports: CheckPorts): Promise<Reading<readonly string[]>> {
  const reading = await ports.document(`/apis/${ADMISSION}/v1`);
  if (!('found' in reading)) return reading;
  const { resources = [] } = reading.found as { resources?: readonly { name?: string }[] };
  return { found: resources.map(({ name = '' }) => name) };
}

/** Nobody gives away rights that he has not, unless he may escalate. */
async function readCannotGrant(
  ports: CheckPorts,
  { namespace, webhookConfiguration }: Asked,
  { pullSecrets, repair }: Settings,
): Promise<Reading<readonly Act[]>> {
  const escalate = await ports.may({ verb: 'escalate', group: RBAC, resource: 'clusterroles' });
  if (!('found' in escalate) || escalate.found) return 'found' in escalate ? { found: [] } : escalate;
  const needed = SERVE_RIGHTS.filter(({ when }) => when !== 'restart' || repair === 'restart');
  return notAllowed(ports, actsOf(needed, { namespace, webhookConfiguration, pullSecrets }));
}
