// What this folder reads of the API server's JSON, and how its objects are addressed. The surprising rule: a name that comes
// from a request must pass `isName` before it becomes part of a path, or `..` would address something else.
import type { Metadata } from '../core/surroundings.ts';

/** Any object of the API; only fields that are read here are declared, and each may be missing. */
export interface ApiObject {
  readonly metadata?: Metadata;
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>> | null;
  readonly immutable?: boolean;
  readonly imagePullSecrets?: readonly ({ readonly name?: string } | null)[] | null;
}

export interface ApiList {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly ApiObject[] | null;
}

/** What the API server answers instead of an object (meta/v1 Status). */
export interface ApiStatus {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly field?: string }[] | null };
}

/** Whether it can be the name of a namespace, ServiceAccount or Secret at all: a DNS subdomain. */
export function isName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);
}

export function namespacePath(name: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(name)}`;
}

export function namespacedPath(resource: 'secrets' | 'serviceaccounts', namespace: string, name: string): string {
  return `${namespacePath(namespace)}/${resource}/${encodeURIComponent(name)}`;
}

/** Whether a resourceVersion is newer than another. They are decimal numbers, longer than a double can hold. */
export function isNewer(version: string, than: string): boolean {
  return version.length === than.length ? version > than : version.length > than.length;
}
