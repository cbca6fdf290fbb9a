// Reads the status of a replica, for commands: finds the elected one by the Lease, or any that is ready, and asks it through a
// port-forward. What keeps it from being read is a sentence that says what to do.

import { LEASE_NAME } from '../core/names.ts';
import type { ReplicaStatus } from '../core/replica-status.ts';
import type { ApiObject } from './api-object.ts';
import { namespacePath } from './api-object.ts';
import type { Client } from './client.ts';
import { type Choice, openAccess } from './kubeconfig.ts';
import { readLease } from './lease-record.ts';
import { askPod, type PodAnswer, type PodPort } from './port-forward.ts';
import { SYSTEM_TIME } from './time.ts';
import { ApiUnavailable } from './unavailable.ts';

export interface ReadStatusOptions {
  readonly client: Client;
  /** As for `client`. */
  readonly access: Choice;
  /** Pullpass's own namespace. */
  readonly namespace: string;
  readonly statusPort: number;
  /** Tell of this namespace alone, whatever there is to tell. */
  readonly about?: string;
}

export type StatusReading =
  | { readonly status: ReplicaStatus; readonly pod: string }
  /** In words, with what to do. */
  | { readonly unavailable: string };

interface PodObject extends ApiObject {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[] | null;
  };
}

const SELECTOR = 'app.kubernetes.io/name=pullpass';
const CALL_MS = 10_000;
const FORWARD_MS = 10_000;
/** Somebody waits. */
const ASKED_MAX = 3;
const IDENTITY = /^(.+)-[0-9a-f]{8}$/;

export interface Replica {
  readonly name: string;
  readonly isReady: boolean;
  readonly isElected: boolean;
}

/** One that has gone without giving the Lease up, or that is not elected, is one too many to ask, but no reason to give up. */
export async function readReplicaStatus(options: ReadStatusOptions): Promise<StatusReading> {
  try {
    const found = await findReplicas(options);
    if ('unavailable' in found) return found;
    return await askEach(options, found.pods);
  } catch (error) {
    if (error instanceof ApiUnavailable) return { unavailable: error.message };
    throw error;
  }
}

/** As far as they may be listed. */
export async function listReplicas(client: Client, namespace: string): Promise<readonly Replica[]> {
  try {
    const { pods, elected } = await look({ client, namespace });
    return pods.flatMap((pod): Replica[] => {
      const { name } = pod.metadata ?? {};
      return name === undefined ? [] : [{ name, isReady: isReady(pod), isElected: name === elected }];
    });
  } catch (error) {
    if (error instanceof ApiUnavailable) return [];
    throw error;
  }
}

async function look({ client, namespace }: Pick<ReadStatusOptions, 'client' | 'namespace'>) {
  const path = `${namespacePath(namespace)}/pods`;
  const query = { labelSelector: SELECTOR };
  const [lease, { status, body }] = await Promise.all([
    readLease({ client, namespace, name: LEASE_NAME }, CALL_MS),
    client.call({ verb: 'list', resource: 'pods', path, query, timeoutMs: CALL_MS }),
  ]);
  const holder = 'record' in lease ? lease.record?.holder : undefined;
  const pods = status === 200 ? ((body as { items?: readonly PodObject[] }).items ?? []) : [];
  return { elected: IDENTITY.exec(holder ?? '')?.[1], status, pods };
}

/** The elected one first, then those that are ready. */
async function findReplicas(
  options: ReadStatusOptions,
): Promise<{ readonly pods: readonly string[] } | { readonly unavailable: string }> {
  const { elected, status, pods } = await look(options);
  const ready = pods.filter(isReady).flatMap(({ metadata }) => metadata?.name ?? []);
  const isElectedThere = pods.some(({ metadata }) => metadata?.name === elected);
  // Who may not list Pods may forward to the one that is named.
  const first = elected !== undefined && (isElectedThere || status === 403) ? [elected] : [];
  const names = [...new Set([...first, ...ready])].slice(0, ASKED_MAX);
  return names.length > 0 ? { pods: names } : { unavailable: whyNone(options, status, pods.length) };
}

/** The first that is elected, else the first that answers. */
async function askEach(options: ReadStatusOptions, pods: readonly string[]): Promise<StatusReading> {
  let best: StatusReading = { unavailable: 'no replica' };
  for (const pod of pods) {
    const reading = await ask(options, pod);
    if ('status' in reading && reading.status.sync !== undefined) return reading;
    if (pod === pods[0] || ('unavailable' in best && 'status' in reading)) best = reading;
  }
  return best;
}

function isReady({ metadata, status }: PodObject): boolean {
  if (metadata?.deletionTimestamp !== undefined) return false;
  return status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}

function whyNone({ namespace }: ReadStatusOptions, status: number, pods: number): string {
  if (status === 403) {
    return `you may neither read the Lease "${LEASE_NAME}" nor list Pods in ${namespace}: ask for one of these rights`;
  }
  if (status !== 200) return `the Pods in ${namespace} could not be listed: the API server answered ${status}`;
  if (pods > 0) return `none of the ${pods} Pods in ${namespace} is ready: see kubectl -n ${namespace} get pods`;
  return `no replica runs in ${namespace} (no Pod is labelled ${SELECTOR}): is Pullpass in another namespace? See --namespace`;
}

async function ask(options: ReadStatusOptions, pod: string): Promise<StatusReading> {
  const { namespace, statusPort: port, about } = options;
  const access = openAccess(options.access, SYSTEM_TIME);
  const query = about === undefined ? '' : `?namespace=${encodeURIComponent(about)}`;
  try {
    const answer = await askPod(access, { namespace, pod, port }, `/status${query}`, FORWARD_MS);
    return readAnswer(answer, { namespace, pod, port });
  } finally {
    await access.close();
  }
}

function readAnswer(answer: PodAnswer, { namespace, pod, port }: PodPort): StatusReading {
  const hint = `kubectl -n ${namespace} port-forward pod/${pod} ${port}`;
  if ('refused' in answer) {
    const { status, message } = answer.refused;
    if (status === 403) {
      return {
        unavailable: `you may not port-forward to Pods in ${namespace}: ask for the verbs get and create on pods/portforward there`,
      };
    }
    return { unavailable: `no port-forward to Pod ${namespace}/${pod}: ${message}` };
  }
  if ('broken' in answer) {
    return {
      unavailable: `Pod ${namespace}/${pod} does not answer on port ${port}: is --status-port of its \`serve\` another one? (${answer.broken})`,
    };
  }
  const status = answer.status === 200 ? parse(answer.body) : undefined;
  if (status === undefined)
    return { unavailable: `Pod ${namespace}/${pod} answers ${answer.status} on port ${port}: try ${hint}` };
  if (status.version === 1) return { status, pod };
  return {
    unavailable: `Pod ${namespace}/${pod} tells its status in another form: use the version of pullpass that runs there`,
  };
}

function parse(text: string): ReplicaStatus | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === 'object' && document !== null ? (document as ReplicaStatus) : undefined;
  } catch {
    return undefined;
  }
}
