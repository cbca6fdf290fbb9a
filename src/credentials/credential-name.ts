// Names for credentials that nobody named: the host of the registry, spelled as a DNS name (`ghcr.io` becomes `ghcr-io`).
import type { Pattern } from '../core/pattern.ts';

const NAME_MAX = 63;

export function credentialNameOf(pattern: Pattern): string {
  return trimmed(pattern.text.toLowerCase().replace(/[^a-z0-9]+/g, '-'), NAME_MAX);
}

/** @returns the name, or the name with the first free number behind it */
export function uniqueName(name: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let i = 2; isTaken(free); i++) free = `${trimmed(name, NAME_MAX - `-${i}`.length)}-${i}`;
  return free;
}

function trimmed(name: string, length: number): string {
  return name.replace(/^-+/, '').slice(0, length).replace(/-+$/, '');
}
