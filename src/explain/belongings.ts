// The Pods of an object, and who makes them: from a Deployment to its newest ReplicaSet to that one's Pods, from a Pod up to what
// is restarted to have it made anew. Every step goes by uid, since selectors may overlap.
import type { Fields, OwnerFact, PodFact, Read } from './facts.ts';
import { at, fieldsOf, listedIn, listOf, textOf, textsOf, timeOf } from './fields.ts';
import type { Cluster } from './gather.ts';
import { type Kind, kindOf } from './kinds.ts';

export interface Belongings {
  readonly pods: readonly PodFact[];
  readonly owner: OwnerFact | undefined;
}

interface Whole {
  readonly kind: Kind;
  readonly object: Fields;
  readonly namespace: string;
}

const PODS = { group: '', version: 'v1', resource: 'pods' } as const;
const EVENTS = { group: '', version: 'v1', resource: 'events' } as const;
const REVISION = 'deployment.kubernetes.io/revision';
/** So many Pods are looked at; more of one template are no better and no worse. */
const PODS_MAX = 50;
const EVENTS_OF = 3;
const UP_MAX = 4;

type Reads = Pick<Cluster, 'get' | 'list'>;

export async function belongingsOf(cluster: Reads, whole: Whole): Promise<Belongings> {
  const [pods, owner] = await Promise.all([podsOf(cluster, whole), ownerOf(cluster, whole)]);
  const alive = pods.filter((pod) => at(pod, 'metadata', 'deletionTimestamp') === undefined).slice(0, PODS_MAX);
  const facts = alive.map((pod) => readPod(pod, []));
  // Events of each cost a call: those that tell are of the Pods that wait.
  const told = await Promise.all(
    facts.map(async (fact, i) => {
      if (i >= EVENTS_OF) return fact;
      const events = await cluster.list(
        { ...EVENTS, namespace: whole.namespace },
        { fieldSelector: `involvedObject.uid=${textOf(at(alive[i], 'metadata', 'uid'))}` },
      );
      return { ...fact, events: readEvents(events) };
    }),
  );
  return { pods: told, owner };
}

async function podsOf(cluster: Reads, whole: Whole): Promise<readonly Fields[]> {
  const { kind, object, namespace } = whole;
  if (kind.kind === 'Pod' && kind.group === '') return [object];
  const owner = await makerOf(cluster, whole);
  if (owner === undefined) return [];
  const labelSelector = selectorOf(owner);
  const listed = await cluster.list({ ...PODS, namespace }, labelSelector === '' ? {} : { labelSelector });
  const uid = at(owner, 'metadata', 'uid');
  const all = 'found' in listed ? listed.found : [];
  const own = all.filter((pod) => controllerOf(pod)?.uid === uid);
  // Custom kinds may have something in between.
  return own.length > 0 || kindOf(kind.group, kind.kind) !== undefined || labelSelector === '' ? own : all;
}

/** Whose Pods they are: of a Deployment its newest ReplicaSet, of a CronJob its newest Job, else itself. */
async function makerOf(cluster: Reads, { kind, object, namespace }: Whole): Promise<Fields | undefined> {
  const between = { Deployment: kindOf('apps', 'ReplicaSet'), CronJob: kindOf('batch', 'Job') }[kind.kind];
  if (between === undefined || kindOf(kind.group, kind.kind) === undefined) return object;
  const { group, version, resource } = between;
  const listed = await cluster.list({ group, version, resource, namespace }, {});
  const uid = at(object, 'metadata', 'uid');
  const own = ('found' in listed ? listed.found : []).filter((item) => controllerOf(item)?.uid === uid);
  const order = (item: Fields): number =>
    Number(textsOf(at(item, 'metadata', 'annotations'))[REVISION] ?? timeOf(at(item, 'metadata', 'creationTimestamp')));
  return own.toSorted((a, b) => order(b) - order(a))[0];
}

/** Up to whoever belongs to nobody. */
async function ownerOf(cluster: Reads, { kind, object, namespace }: Whole): Promise<OwnerFact | undefined> {
  let current: Fields = object;
  let found: OwnerFact | undefined = kind.kind === 'Pod' && kind.group === '' ? undefined : ownerFact(kind, object);
  for (let i = 0; i < UP_MAX; i += 1) {
    const reference = controllerOf(current);
    if (reference === undefined) return found;
    const [group, version = ''] = splitVersion(textOf(reference.apiVersion));
    const above = kindOf(group, textOf(reference.kind));
    const name = textOf(reference.name);
    if (above === undefined) {
      const custom = { group, version, kind: textOf(reference.kind), resource: '' };
      return found ?? { kind: custom, name, template: undefined };
    }
    const read = await cluster.get({ group, version, resource: above.resource, namespace, name });
    if (!('found' in read)) return found ?? { kind: above, name, template: undefined };
    current = read.found;
    found = ownerFact(above, current);
  }
  return found;
}

function ownerFact(kind: Kind, object: Fields): OwnerFact {
  const isKnown = kindOf(kind.group, kind.kind) !== undefined;
  const isMutable = isKnown && !['Job', 'CronJob', 'PodTemplate'].includes(kind.kind);
  return { kind, name: textOf(at(object, 'metadata', 'name')), template: isMutable ? ['spec', 'template'] : undefined };
}

function controllerOf(object: Fields): Fields | undefined {
  return listOf(at(object, 'metadata', 'ownerReferences')).find(({ controller }) => controller === true);
}

function splitVersion(apiVersion: string): readonly [group: string, version: string] {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

function selectorOf(owner: Fields): string {
  const selector = fieldsOf(at(owner, 'spec', 'selector'));
  const labels = textsOf(selector?.matchLabels ?? (selector?.matchExpressions === undefined ? selector : {}));
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join();
}

function readPod(pod: Fields, events: PodFact['events']): PodFact {
  const { metadata, spec, status } = pod;
  const states = [...listOf(at(status, 'initContainerStatuses')), ...listOf(at(status, 'containerStatuses'))];
  const waiting = states.flatMap(({ name, state }): PodFact['waiting'] => {
    const { reason, message } = fieldsOf(at(state, 'waiting')) ?? {};
    return reason === undefined ? [] : [{ container: textOf(name), reason: textOf(reason), message: textOf(message) }];
  });
  return {
    name: textOf(at(metadata, 'name')),
    created: timeOf(at(metadata, 'creationTimestamp')),
    lists: listedIn(spec),
    phase: textOf(at(status, 'phase')),
    ...{ waiting, events },
  };
}

/** The newest first. */
function readEvents(read: Read<readonly Fields[]>): PodFact['events'] {
  const all = 'found' in read ? read.found : [];
  const events = all.map(({ reason, message, lastTimestamp, eventTime, series }) => ({
    ...{ reason: textOf(reason), message: textOf(message) },
    at: timeOf(at(series, 'lastObservedTime') ?? lastTimestamp ?? eventTime),
  }));
  return events.toSorted((a, b) => b.at - a.at);
}
