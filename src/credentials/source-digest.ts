// Digests by which what is kept of a credential is recognised. A login belongs to the source that gave it: when the settings
// of the source change, it must not be served under the new ones. The environment of the process must never enter into
// that, because replicas differ in it and must agree; it only decides whether a program is asked again at once.
import { createHash } from 'node:crypto';
import type { ConfiguredSource } from '../config/schema.ts';
import type { Pattern } from '../core/pattern.ts';

/** Of what the configuration says about where logins come from; limits and intervals are no part of that. */
export function sourceDigest(source: ConfiguredSource): string {
  switch (source.kind) {
    case 'dockerConfig':
      return digest([source.kind, source.path]);
    case 'credentialProvider':
      return digest([source.kind, source.command, source.args, sorted(source.env), source.apiVersion]);
    case 'credentialHelper':
      return digest([source.kind, source.name, sorted(source.env)]);
  }
}

/** Of everything that a program goes by when it is asked about one host. @param environment complete, as it sees it */
export function askedDigest(
  source: ConfiguredSource,
  environment: Readonly<Record<string, string>>,
  patterns: readonly Pattern[],
): string {
  return digest([sourceDigest(source), sorted(environment), patterns.map(({ text }) => text)]);
}

function sorted(variables: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url');
}
