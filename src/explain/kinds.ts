// The kinds that can be explained, by the names that users of kubectl type for them, and what an argument such as `deploy/web`
// means. Custom kinds are written `rollout.argoproj.io/web`, and looked up where the cluster keeps them.
import { KNOWN_WORKLOADS } from '../core/workload.ts';

/** Where objects of a kind are found in the API. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural name. */
  readonly resource: string;
}

const SHORT_NAMES: Readonly<Record<string, readonly string[]>> = {
  Pod: ['po'],
  Deployment: ['deploy'],
  StatefulSet: ['sts'],
  DaemonSet: ['ds'],
  ReplicaSet: ['rs'],
  ReplicationController: ['rc'],
  Job: [],
  CronJob: ['cj'],
  PodTemplate: [],
};

export const KINDS: readonly Kind[] = KNOWN_WORKLOADS.map(({ group, kind }) => ({
  ...{ group, kind, version: 'v1', resource: `${kind.toLowerCase()}s` },
}));

export function kindOf(group: string, kind: string): Kind | undefined {
  return KINDS.find((known) => known.group === group && known.kind === kind);
}

/** What an argument names, as far as it can be told without the cluster. */
export type Named =
  | { readonly kind: Kind; readonly name: string }
  /** A custom kind: its name in singular, plural or short, and its group. */
  | { readonly type: string; readonly group: string; readonly name: string };

/** @returns a sentence about what is wrong with the argument, if it names nothing */
export function readName(argument: string): Named | string {
  const [type = '', name = '', ...rest] = argument.split('/');
  if (name === '' || rest.length > 0) return `"${argument}" names no object, write it like pod/web or deploy/web`;
  const [first = '', ...group] = type.toLowerCase().split('.');
  const known = KINDS.find(
    (kind) => namesOf(kind).includes(first) && group.join('.') === (kind.group && group[0] ? kind.group : ''),
  );
  if (known !== undefined) return { kind: known, name };
  if (group.length > 0) return { type: first, group: group.join('.'), name };
  return `"${type}" is no kind with a pod spec; known are ${KINDS.map(({ resource }) => resource).join(', ')}, and custom kinds like rollout.argoproj.io/web`;
}

function namesOf({ kind, resource }: Kind): readonly string[] {
  return [kind.toLowerCase(), resource, ...(SHORT_NAMES[kind] ?? [])];
}

/** As users write it: `deployment/web`. */
export function labelOf({ kind, group }: Pick<Kind, 'kind' | 'group'>, name: string): string {
  const isKnown = kindOf(group, kind) !== undefined;
  return `${kind.toLowerCase()}${isKnown || group === '' ? '' : `.${group}`}/${name}`;
}
