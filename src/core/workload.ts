// The kinds that have a pod spec, where in the object it is, and when its template may be changed. Kinds are known by API
// group and kind, because a custom kind may be called Job too. The surprising rule: a Job's template may only be set when
// it is created, since a released Job's update must change nothing but scheduling fields.

export interface Workload {
  readonly group: string;
  readonly kind: string;
  /** JSON pointer, as segments, to the pod spec. */
  readonly podSpec: readonly string[];
  /** Pod: it cannot be changed once it exists. template: on CREATE and UPDATE. create-only: a template, but not on UPDATE. */
  readonly role: 'pod' | 'template' | 'create-only';
}

const POD: Workload = { group: '', kind: 'Pod', podSpec: ['spec'], role: 'pod' };

const TEMPLATE = ['spec', 'template', 'spec'];

export const KNOWN_WORKLOADS: readonly Workload[] = [
  POD,
  { group: 'apps', kind: 'Deployment', podSpec: TEMPLATE, role: 'template' },
  { group: 'apps', kind: 'StatefulSet', podSpec: TEMPLATE, role: 'template' },
  { group: 'apps', kind: 'DaemonSet', podSpec: TEMPLATE, role: 'template' },
  { group: 'apps', kind: 'ReplicaSet', podSpec: TEMPLATE, role: 'template' },
  { group: '', kind: 'ReplicationController', podSpec: TEMPLATE, role: 'template' },
  { group: 'batch', kind: 'Job', podSpec: TEMPLATE, role: 'create-only' },
  { group: 'batch', kind: 'CronJob', podSpec: ['spec', 'jobTemplate', ...TEMPLATE], role: 'template' },
  { group: '', kind: 'PodTemplate', podSpec: ['template', 'spec'], role: 'template' },
];

/** A kind as the configuration names it: one of the known by name, or any other with the place of its pod spec. */
export type WorkloadSetting =
  | string
  | { readonly group: string; readonly kind: string; readonly podSpec: string; readonly update?: boolean };

export type Workloads = ReadonlyMap<string, Workload>;

/** @param settings validated before: an unknown name is passed over. Pod is always among the result. */
export function selectWorkloads(settings: readonly WorkloadSetting[]): Workloads {
  const workloads = new Map([[keyOf('', 'Pod'), POD]]);
  for (const setting of settings) {
    const workload =
      typeof setting === 'string' ? KNOWN_WORKLOADS.find(({ kind }) => kind === setting) : customWorkload(setting);
    if (workload !== undefined) workloads.set(keyOf(workload.group, workload.kind), workload);
  }
  return workloads;
}

function customWorkload(setting: Exclude<WorkloadSetting, string>): Workload {
  const { group, kind, update } = setting;
  return { group, kind, podSpec: parsePointer(setting.podSpec), role: update ? 'template' : 'create-only' };
}

export function findWorkload(workloads: Workloads, group: string, kind: string): Workload | undefined {
  return workloads.get(keyOf(group, kind));
}

function keyOf(group: string, kind: string): string {
  return `${group}/${kind}`;
}

/** RFC 6901. */
export function parsePointer(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function formatPointer(segments: readonly (string | number)[]): string {
  return segments.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
