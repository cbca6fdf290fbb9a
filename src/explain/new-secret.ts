// What a Secret for a further login would be called, and whom it is for where that must be said.
import { parseImage } from '../core/image.ts';
import type { Names } from './advice.ts';
import type { Case } from './finding.ts';

/** @returns nothing for what is no image */
export function newSecretFor({ status, facts }: Case, image: string): Names {
  const host = parseImage(image)?.host;
  if (host === undefined) return {};
  const name =
    host
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'registry';
  const taken = new Set([...(status?.credentials ?? []), ...(status?.problems ?? [])].flatMap(namesOf));
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}-${i}`;
  const isScoped = status?.settings.requireNamespaces === true;
  return { newSecret: free, ...(isScoped && { newScope: `kubernetes.io/metadata.name=${facts.namespace.name}` }) };
}

function namesOf(of: { readonly name?: string; readonly credential?: string }): readonly string[] {
  return [of.name ?? [], of.credential ?? []].flat();
}
