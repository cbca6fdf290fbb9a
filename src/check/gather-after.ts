// What is asked of an installation, beside what is always asked: the replica first, because its settings say what the rest is compared with.
import { ANNOTATION_ENFORCE_MOUNTABLE, AUTHORITY_SECRET_NAME } from '../core/names.ts';
import type { ReplicaStatus } from '../core/replica-status.ts';
import { selectWorkloads } from '../core/workload.ts';
import type { Asked, Facts, FactsAfter, Settings, Trying } from './facts.ts';
import { gather, notAllowed, WEBHOOKS } from './gather.ts';
import {
  decoded,
  type EndpointSlice,
  type Named,
  type Pod,
  type Service,
  type WebhookConfiguration,
} from './objects.ts';
import type { CheckPorts, Reading } from './ports.ts';
import { actsOf, SERVE_RIGHTS } from './rights.ts';
import { trialPlaces, trialPod } from './trial-image.ts';

const POD_LABEL = 'app.kubernetes.io/name=pullpass';
/** A ServiceAccount that enforces mountable secrets would refuse the Pod; of so many namespaces the first without is taken. */
const MOST_PLACES = 5;

export async function gatherAfter(ports: CheckPorts, asked: Asked, known: Settings): Promise<FactsAfter> {
  const replica = await ports.status();
  const settings = 'status' in replica ? settingsOf(replica.status) : known;
  const { namespace, service: name } = asked;
  const slicesOf = { group: 'discovery.k8s.io', labels: `kubernetes.io/service-name=${name}` };
  const [facts, own, pods, service, slices, webhook, ca] = await Promise.all([
    gather(ports, asked, settings),
    ports.get({ resource: 'namespaces', name: namespace }),
    ports.list({ resource: 'pods', namespace, labels: POD_LABEL }, (object) => object as Pod),
    ports.get({ resource: 'services', namespace, name }),
    ports.list({ ...slicesOf, resource: 'endpointslices', namespace }, (object) => object as EndpointSlice),
    ports.get({ ...WEBHOOKS, name: asked.webhookConfiguration }),
    readCa(ports, namespace, 'status' in replica),
  ]);
  const live = webhook as Reading<WebhookConfiguration>;
  const hasCertificate = 'status' in replica && replica.status.certificate.expires !== undefined;
  const isOwnCa = !('absent' in ca) || !hasCertificate;
  const missingRights = await readMissingRights(ports, asked, settings, isOwnCa);
  return {
    ...{ ...facts, pods, slices, ca, missingRights, replica },
    own: own as Reading<Named>,
    service: service as Reading<Service>,
    webhook: live,
    scopeDifferences: 'found' in live ? ports.scopeDifferences(live.found.webhooks ?? [], settings) : [],
    trial: await tryPod(ports, facts, 'status' in replica ? replica.status : undefined),
  };
}

function settingsOf({ settings }: ReplicaStatus): Settings {
  const { namespaces, workloads, pullSecret, repair } = settings;
  return {
    ...{ from: 'replica', namespaces, repair },
    workloads: [...selectWorkloads(workloads).values()],
    pullSecrets: [pullSecret.name, ...pullSecret.formerNames],
  };
}

/** The key stands beside the certificate, so what it holds is not read where that is not needed; and no further than these lines. */
async function readCa(ports: CheckPorts, namespace: string, hasReplica: boolean): Promise<Reading<string>> {
  const place = { resource: 'secrets', namespace, name: AUTHORITY_SECRET_NAME };
  const reading = await ports.get({ ...place, metadataOnly: hasReplica });
  if (!('found' in reading)) return reading;
  return { found: decoded((reading.found as { data?: Record<string, string> }).data?.['ca.crt']) };
}

function readMissingRights(
  ports: CheckPorts,
  { namespace, serviceAccount, webhookConfiguration }: Asked,
  { pullSecrets, repair }: Settings,
  isOwnCa: boolean,
) {
  const isNeeded = { restart: repair === 'restart', 'own-ca': isOwnCa };
  const needed = SERVE_RIGHTS.filter(({ when }) => when === undefined || isNeeded[when]);
  const acts = actsOf(needed, { namespace, webhookConfiguration, pullSecrets });
  return notAllowed(ports, acts, `system:serviceaccount:${namespace}:${serviceAccount}`);
}

async function tryPod(ports: CheckPorts, { namespaces }: Facts, status: ReplicaStatus | undefined): Promise<Trying> {
  if (status === undefined) return { nothing: 'no replica says which images are served' };
  if (!('found' in namespaces)) return 'absent' in namespaces ? { nothing: 'there are no namespaces' } : namespaces;
  const places = trialPlaces(status, namespaces.found);
  if ('nothing' in places) return places;
  for (const { namespace, image } of places.slice(0, MOST_PLACES)) {
    const account = await ports.get({ resource: 'serviceaccounts', namespace, name: 'default' });
    const annotations = 'found' in account ? (account.found as Named).metadata?.annotations : undefined;
    if (annotations?.[ANNOTATION_ENFORCE_MOUNTABLE] === 'true') continue;
    return { namespace, image, ...(await ports.dryRunPod(namespace, trialPod(image))) };
  }
  return { nothing: 'the default ServiceAccounts of the namespaces that could be tried enforce mountable secrets' };
}
