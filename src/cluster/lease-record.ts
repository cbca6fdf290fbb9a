// Reads and writes one Lease. Its times need microseconds, or the API server refuses them. A record that is not as expected
// counts as one that somebody holds: it is waited for, not torn away.
import type { ApiObject } from './api-object.ts';
import { namespacePath } from './api-object.ts';
import type { Client } from './client.ts';
import { ApiUnavailable } from './unavailable.ts';

export interface LeaseRecord {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Empty: given up. */
  readonly holder: string;
  readonly durationMs: number;
  readonly acquired: string;
  readonly transitions: number;
}

export interface LeasePlace {
  readonly client: Pick<Client, 'call'>;
  readonly namespace: string;
  readonly name: string;
}

export interface LeaseContent {
  /** The record to replace; undefined: create it. */
  readonly seen: LeaseRecord | undefined;
  readonly holder: string;
  readonly durationSeconds: number;
  readonly acquired: string;
  readonly renewed: string;
  readonly transitions: number;
}

interface LeaseObject extends ApiObject {
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number | null;
    readonly acquireTime?: string | null;
    readonly leaseTransitions?: number | null;
  };
}

export type LeaseReading = { readonly record: LeaseRecord | undefined } | { readonly unavailable: true };
/** conflict: somebody else wrote it. */
export type LeaseCallResult = { readonly written: LeaseRecord } | { readonly conflict: boolean };

const FALLBACK_DURATION_S = 12;

export async function readLease(place: LeasePlace, timeoutMs: number): Promise<LeaseReading> {
  const answer = await call(place, 'get', timeoutMs);
  if (answer?.status === 404) return { record: undefined };
  return answer?.status === 200 ? { record: recordOf(answer.body as LeaseObject) } : { unavailable: true };
}

export async function writeLease(
  place: LeasePlace,
  timeoutMs: number,
  content: LeaseContent,
): Promise<LeaseCallResult> {
  const { seen, holder, durationSeconds, acquired, renewed, transitions } = content;
  const { name, namespace } = place;
  const answer = await call(place, seen === undefined ? 'create' : 'update', timeoutMs, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace, ...(seen && { uid: seen.uid, resourceVersion: seen.resourceVersion }) },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: durationSeconds,
      acquireTime: acquired,
      renewTime: renewed,
      leaseTransitions: transitions,
    },
  });
  if (answer !== undefined && answer.status < 300) return { written: recordOf(answer.body as LeaseObject) };
  return { conflict: answer?.status === 409 || answer?.status === 404 };
}

/** @param ms since the epoch @returns as meta/v1 MicroTime */
export function formatMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

async function call(
  { client, namespace, name }: LeasePlace,
  verb: 'get' | 'create' | 'update',
  timeoutMs: number,
  body?: unknown,
) {
  const folder = `${namespacePath(namespace).replace('/api/v1/', '/apis/coordination.k8s.io/v1/')}/leases`;
  const path = verb === 'create' ? folder : `${folder}/${encodeURIComponent(name)}`;
  try {
    return await client.call({ verb, resource: 'leases', path, timeoutMs, ...(body !== undefined && { body }) });
  } catch (error) {
    if (error instanceof ApiUnavailable) return undefined;
    throw error;
  }
}

function recordOf({ metadata, spec }: LeaseObject): LeaseRecord {
  return {
    uid: metadata?.uid ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
    holder: spec?.holderIdentity ?? '',
    durationMs: 1_000 * (spec?.leaseDurationSeconds ?? FALLBACK_DURATION_S),
    acquired: spec?.acquireTime ?? formatMicroTime(0),
    transitions: spec?.leaseTransitions ?? 0,
  };
}
