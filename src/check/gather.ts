// Finds out what there is to judge, as much at once as depends on nothing else. Nothing here decides what is well.
import { DEFAULT_PULL_SECRET_NAME, LABEL_INJECT, LABEL_INSTANCE, LABEL_MANAGED_BY, MANAGED_BY } from '../core/names.ts';
import type { Labels } from '../core/selector.ts';
import { selectWorkloads } from '../core/workload.ts';
import { type Clouds, NO_CLOUD, type NodeSeen, recognise } from './clouds.ts';
import { type Competitor, competingAdmissionPolicy, competingDeployment, competingPolicy } from './competitors.ts';
import type { Asked, Facts, Namespace, SecretSeen, Settings } from './facts.ts';
import type { Named, WebhookConfiguration } from './objects.ts';
import type { Act, CheckPorts, Place, Reading } from './ports.ts';

export const ADMISSION = 'admissionregistration.k8s.io';
export const WEBHOOKS: Place = { group: ADMISSION, resource: 'mutatingwebhookconfigurations' };
/** As many questions as are under way at once. */
const AT_ONCE = 8;
/** Nodes of a cluster are all of one cloud. */
const ENOUGH_NODES = 50;

export const DEFAULT_SETTINGS: Settings = {
  from: 'defaults',
  namespaces: { matchLabels: { [LABEL_INJECT]: 'enabled' } },
  workloads: [...selectWorkloads(['Deployment']).values()],
  pullSecrets: [DEFAULT_PULL_SECRET_NAME],
};

/** What is asked before an installation and after it. @param settings what is known of them without a replica */
export async function gather(ports: CheckPorts, asked: Asked, settings: Settings): Promise<Facts> {
  const version = await readVersion(ports);
  const [clouds, namespaces, secrets, webhooks, competitors] = await Promise.all([
    readClouds(ports, 'found' in version ? version.found : ''),
    ports.list({ resource: 'namespaces' }, keepNamespace),
    readSecrets(ports, settings.pullSecrets),
    ports.list(WEBHOOKS, (object) => object as WebhookConfiguration),
    readCompetitors(ports),
  ]);
  return { asked, settings, now: ports.now(), version, clouds, namespaces, secrets, webhooks, competitors };
}

/** Such as v1.37.2. */
export async function readVersion(ports: Pick<CheckPorts, 'document'>): Promise<Reading<string>> {
  const reading = await ports.document('/version');
  if (!('found' in reading)) return reading;
  const { gitVersion = '' } = reading.found as { gitVersion?: string };
  return { found: gitVersion };
}

function keepNamespace(object: unknown): Namespace {
  const { metadata = {} } = object as Named;
  const { name = '', labels = {}, deletionTimestamp } = metadata;
  return { name, labels, leaving: deletionTimestamp !== undefined };
}

async function readSecrets(ports: CheckPorts, names: readonly string[]): Promise<Reading<readonly SecretSeen[]>> {
  const found: SecretSeen[] = [];
  for (const name of names) {
    const reading = await ports.list(
      { resource: 'secrets', fields: `metadata.name=${name}`, metadataOnly: true },
      keepSecret,
    );
    if (!('found' in reading)) return reading;
    found.push(...reading.found);
  }
  return { found };
}

function keepSecret(object: unknown): SecretSeen {
  const { name = '', namespace = '', labels } = (object as Named).metadata ?? {};
  const instance = labels?.[LABEL_MANAGED_BY] === MANAGED_BY ? labels[LABEL_INSTANCE] : undefined;
  return { namespace, name, ...(instance !== undefined && { instance }) };
}

/** Each may be missing as a kind, and then there are none. */
function readCompetitors(ports: CheckPorts): Promise<Reading<readonly Competitor[]>[]> {
  const kyverno = { group: 'kyverno.io', version: 'v1' };
  return Promise.all([
    ports.list({ group: 'apps', resource: 'deployments' }, (object) => competingDeployment(object as Named)),
    ports.list({ ...kyverno, resource: 'clusterpolicies' }, (object) => competingPolicy(object as Named)),
    ports.list({ ...kyverno, resource: 'policies' }, (object) => competingPolicy(object as Named)),
    ports.list({ group: ADMISSION, resource: 'mutatingadmissionpolicies' }, (object) =>
      competingAdmissionPolicy(object as Named),
    ),
  ]);
}

async function readClouds(ports: CheckPorts, version: string): Promise<Clouds> {
  if (version === '') return NO_CLOUD;
  const [nodes, groups, awsNode] = await Promise.all([
    ports.list({ resource: 'nodes', most: ENOUGH_NODES }, keepNode),
    ports.document('/apis'),
    ports.get({ group: 'apps', resource: 'daemonsets', namespace: 'kube-system', name: 'aws-node' }),
  ]);
  const apis = 'found' in groups ? (groups.found as { groups?: readonly { name?: string }[] }).groups : undefined;
  return recognise({ version, nodes, awsNode, apiGroups: (apis ?? []).map(({ name = '' }) => name) });
}

function keepNode(object: unknown): NodeSeen {
  const { metadata, status } = object as Named & { status?: { addresses?: readonly { type?: string }[] } };
  const labels: Labels = metadata?.labels ?? {};
  return { labels, hasExternalAddress: status?.addresses?.some(({ type }) => type === 'ExternalIP') === true };
}

/** The acts that are not allowed; a question that nobody may ask is answered for all. */
export async function notAllowed(
  ports: Pick<CheckPorts, 'may'>,
  acts: readonly Act[],
  as?: string,
): Promise<Reading<readonly Act[]>> {
  const missing: Act[] = [];
  for (let i = 0; i < acts.length; i += AT_ONCE) {
    const part = acts.slice(i, i + AT_ONCE);
    const answers = await Promise.all(part.map((act) => ports.may(act, as)));
    for (const [at, answer] of answers.entries()) {
      const act = part[at];
      if (!('found' in answer)) return answer;
      if (!answer.found && act !== undefined) missing.push(act);
    }
  }
  return { found: missing };
}
