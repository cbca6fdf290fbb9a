// Reads everything that an answer needs, at once where one thing does not depend on the other. It only reads: what it asks the API
// server to make are dry runs.
import { DEFAULT_PULL_SECRET_NAME, LABEL_INSTANCE, LABEL_MANAGED_BY, MANAGED_BY } from '../core/names.ts';
import { readPullSecret, readServiceAccount } from '../core/surroundings.ts';
import type { WebhookEntry } from '../core/webhook-reach.ts';
import { belongingsOf } from './belongings.ts';
import { copyOfPod, plainPod } from './copy.ts';
import type {
  Attempt,
  Facts,
  Fields,
  NamespaceFact,
  QuotaFact,
  Read,
  ReplicaFact,
  Target,
  WebhookFact,
} from './facts.ts';
import { at, fieldsOf, listOf, textOf, textsOf } from './fields.ts';
import type { Kind } from './kinds.ts';

/** The cluster as it is needed here. */
export interface Cluster {
  get(place: Place & { readonly name: string }): Promise<Read<Fields>>;
  list(place: Place, query: Readonly<Record<string, string>>): Promise<Read<readonly Fields[]>>;
  /** Asks for a Pod to be made, without making it. */
  tryPod(namespace: string, pod: object): Promise<Attempt>;
  /** The keys of the docker config in a Secret, and nothing else of its data. */
  secretKeys(secret: Fields): readonly string[];
  /** What the elected replica says of itself and of this namespace. */
  askReplica(namespace: string): Promise<ReplicaFact>;
}

/** Where objects are; without a namespace those of the cluster. */
export interface Place {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace?: string;
}

export interface Question {
  readonly target: Target;
  readonly kind: Kind;
  readonly object: Fields;
  /** JSON pointer of a custom kind to its pod spec, as segments, if it is known before a replica was asked. */
  readonly podSpec: (replica: ReplicaFact) => readonly string[] | undefined;
  readonly namespace: string;
  readonly own: string;
  readonly webhook: string;
  readonly now: number;
}

const CORE = { group: '', version: 'v1' } as const;
const WEBHOOKS = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource: 'mutatingwebhookconfigurations',
} as const;
const SLICES = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' } as const;

export async function gather(cluster: Cluster, question: Question): Promise<Facts> {
  const { target, kind, object, namespace: name, own, webhook, now } = question;
  const [namespace, configuration, replica, belongings] = await Promise.all([
    cluster.get({ ...CORE, resource: 'namespaces', name }),
    cluster.get({ ...WEBHOOKS, name: webhook }),
    cluster.askReplica(name),
    target.form === 'live' ? belongingsOf(cluster, { kind, object, namespace: name }) : undefined,
  ]);
  const pod = podOf(kind, object, question.podSpec(replica));
  const status = 'status' in replica ? replica.status : undefined;
  const pullSecret = status?.settings.pullSecret.name ?? DEFAULT_PULL_SECRET_NAME;
  const account = textOf(at(pod, 'spec', 'serviceAccountName') ?? at(pod, 'spec', 'serviceAccount')) || 'default';
  const [serviceAccount, secret, endpoints, quotas, attempt] = await Promise.all([
    cluster.get({ ...CORE, resource: 'serviceaccounts', namespace: name, name: account }),
    cluster.get({ ...CORE, resource: 'secrets', namespace: name, name: pullSecret }),
    cluster.list(
      { ...SLICES, namespace: own },
      { labelSelector: `kubernetes.io/service-name=${status?.settings.service ?? webhook}` },
    ),
    cluster.list({ ...CORE, resource: 'resourcequotas', namespace: name }, {}),
    tryCopy(cluster, name, namespace, pod, pullSecret),
  ]);
  const isOdd = 'lists' in attempt && !attempt.lists.includes(pullSecret) && pod !== undefined;
  return {
    ...{ now, target, object, kind, pod, own, replica, attempt },
    namespace: { name, read: mapped(namespace, readNamespace) },
    webhook: { name: webhook, read: mapped(configuration, readConfiguration) },
    endpoints: readyEndpoints(endpoints),
    serviceAccount: { name: account, read: mapped(serviceAccount, readServiceAccount) },
    pullSecret: {
      name: pullSecret,
      read: mapped(secret, (found) => ({
        ...readPullSecret(found, own),
        keys: cluster.secretKeys(found),
        ...instanceOf(found),
        managers: managersOf(found),
      })),
    },
    plainAttempt: isOdd ? await cluster.tryPod(name, plainPod(pod)) : undefined,
    pods: belongings?.pods ?? [],
    owner: belongings?.owner,
    quotas: 'found' in quotas ? quotas.found.flatMap(readQuota) : [],
  };
}

/** The Pod that an object is or makes: its template, as a Pod. */
function podOf(kind: Kind, object: Fields, podSpec: readonly string[] | undefined): Fields | undefined {
  if (podSpec === undefined || fieldsOf(at(object, ...podSpec)) === undefined) return undefined;
  if (kind.group === '' && kind.kind === 'Pod') return object;
  const template = fieldsOf(at(object, ...podSpec.slice(0, -1))) ?? {};
  return { metadata: template.metadata ?? {}, spec: at(object, ...podSpec) };
}

function tryCopy(
  cluster: Cluster,
  name: string,
  namespace: Read<Fields>,
  pod: Fields | undefined,
  pullSecret: string,
): Promise<Attempt> {
  if (pod === undefined) return Promise.resolve({ not: 'nothing that a Pod could be made of' });
  if ('missing' in namespace && namespace.missing === 'absent') {
    return Promise.resolve({ not: 'there is no namespace to try it in' });
  }
  return cluster.tryPod(name, copyOfPod(pod, pullSecret));
}

function mapped<A, B>(read: Read<A>, map: (found: A) => B): Read<B> {
  return 'found' in read ? { found: map(read.found) } : read;
}

function readNamespace({ metadata }: Fields): NamespaceFact {
  return { labels: textsOf(at(metadata, 'labels')), terminating: at(metadata, 'deletionTimestamp') !== undefined };
}

function readConfiguration({ webhooks }: Fields): WebhookFact {
  const entries = listOf(webhooks);
  const trusted = entries.filter((entry) => textOf(at(entry, 'clientConfig', 'caBundle')) !== '').length;
  return { entries: entries as readonly WebhookEntry[], trusted };
}

/** A Service that is an alias has no slices at all, which says nothing. */
function readyEndpoints(read: Read<readonly Fields[]>): Read<number> {
  if (!('found' in read)) return read;
  if (read.found.length === 0) return { missing: 'absent' };
  const all = read.found.flatMap(({ endpoints }) => listOf(endpoints));
  return { found: all.filter((endpoint) => at(endpoint, 'conditions', 'ready') !== false).length };
}

function instanceOf({ metadata }: Fields): { readonly instance?: string } {
  const labels = textsOf(at(metadata, 'labels'));
  const instance = labels[LABEL_MANAGED_BY] === MANAGED_BY ? labels[LABEL_INSTANCE] : undefined;
  return instance === undefined ? {} : { instance };
}

function managersOf({ metadata }: Fields): readonly string[] {
  return [...new Set(listOf(at(metadata, 'managedFields')).flatMap(({ manager }) => textOf(manager) || []))];
}

const COUNTED = ['secrets', 'count/secrets'];

function readQuota({ metadata, spec, status }: Fields): readonly QuotaFact[] {
  return COUNTED.flatMap((counts): readonly QuotaFact[] => {
    const hard = at(spec, 'hard', counts);
    const used = at(status, 'used', counts);
    if (hard === undefined) return [];
    return [{ name: textOf(at(metadata, 'name')), counts, hard: Number(hard), used: Number(used ?? 0) }];
  });
}
