// What is to be explained, out of arguments and files: an object of the cluster, manifests, or an image alone. A refusal is a
// sentence; nothing is concluded here.

import { KNOWN_WORKLOADS, parsePointer } from '../core/workload.ts';
import type { CustomKind } from './custom-kind.ts';
import type { Fields, Read, ReplicaFact, Target } from './facts.ts';
import { at, textOf } from './fields.ts';
import type { Cluster, Question } from './gather.ts';
import { type Kind, kindOf, labelOf, readName } from './kinds.ts';

export interface Wanted {
  readonly target: Target;
  readonly kind: Kind;
  readonly object: Fields;
  readonly namespace: string;
}

/** A sentence, and whether it is the usage that is wrong rather than the cluster. */
export interface Refused {
  readonly refused: string;
  readonly isUsage: boolean;
}

const POD: Kind = { group: '', version: 'v1', kind: 'Pod', resource: 'pods' };

export interface Lookups extends Pick<Cluster, 'get'> {
  findKind(group: string, type: string): Promise<CustomKind>;
}

/** @param argument such as `pod/web` */
export async function liveTarget(cluster: Lookups, argument: string, namespace: string): Promise<Wanted | Refused> {
  const named = readName(argument);
  if (typeof named === 'string') return { refused: named, isUsage: true };
  const kind = 'kind' in named ? named.kind : await cluster.findKind(named.group, named.type);
  if ('unknown' in kind) return { refused: kind.unknown, isUsage: false };
  const { group, version, resource } = kind;
  const read = await cluster.get({ group, version, resource, namespace, name: named.name });
  if ('found' in read) return { target: { form: 'live', kind, name: named.name }, kind, object: read.found, namespace };
  return { refused: await whyNot(cluster, read, kind, named.name, namespace), isUsage: false };
}

async function whyNot(
  cluster: Lookups,
  read: Exclude<Read<Fields>, { found: Fields }>,
  kind: Kind,
  name: string,
  namespace: string,
): Promise<string> {
  const label = labelOf(kind, name);
  if (read.missing === 'forbidden')
    return `you may not read ${kind.resource} in namespace ${namespace}: ask for the verb get on them`;
  if (read.missing === 'unknown') return `${label} could not be read: ${read.why}`;
  const space = await cluster.get({ group: '', version: 'v1', resource: 'namespaces', name: namespace });
  if ('missing' in space && space.missing === 'absent') return `there is no namespace ${namespace}`;
  return `there is no ${label} in namespace ${namespace}: is it in another one? See --namespace`;
}

/** @param given the namespace that was asked for; undefined: that of the manifest, else the fallback */
export function manifestTargets(
  objects: readonly object[],
  where: string,
  given: string | undefined,
  fallback: string,
): readonly Wanted[] {
  return objects.flatMap((raw): readonly Wanted[] => {
    const object = raw as Fields;
    const [group = '', version = ''] = splitVersion(textOf(object.apiVersion));
    const name = textOf(at(object, 'metadata', 'name')) || textOf(at(object, 'metadata', 'generateName')) || '?';
    const namespace = given ?? (textOf(at(object, 'metadata', 'namespace')) || fallback);
    const custom = { group, version, kind: textOf(object.kind), resource: `${textOf(object.kind).toLowerCase()}s` };
    const kind = kindOf(group, textOf(object.kind)) ?? custom;
    return [{ target: { form: 'manifest', kind, name, where }, kind, object, namespace }];
  });
}

export function imageTarget(image: string, namespace: string): Wanted {
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: [{ name: 'main', image }] } };
  return { target: { form: 'image', image }, kind: POD, object, namespace };
}

/** Where its pod spec is: of a custom kind as the settings say, which a replica knows; else where nearly all have it. */
export function podSpecOf(kind: Kind): Question['podSpec'] {
  const known = KNOWN_WORKLOADS.find((workload) => workload.group === kind.group && workload.kind === kind.kind);
  if (known !== undefined) return () => known.podSpec;
  return (replica: ReplicaFact) => {
    const settings = 'status' in replica ? replica.status.settings.workloads : [];
    for (const entry of settings) {
      if (typeof entry === 'object' && entry.kind === kind.kind && entry.group === kind.group)
        return parsePointer(entry.podSpec);
    }
    return ['spec', 'template', 'spec'];
  };
}

/** Whether an object of a manifest can have Pods at all: known kinds, and custom ones that have a pod spec. */
export function hasPods({ kind, object }: Pick<Wanted, 'kind' | 'object'>): boolean {
  return (
    kindOf(kind.group, kind.kind) !== undefined || at(object, 'spec', 'template', 'spec', 'containers') !== undefined
  );
}

function splitVersion(apiVersion: string): readonly [string, string] {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}
