// The rights of docs/explain.md, as they stand there.
import { read } from '../docs/documents.ts';

/** Manifests for a user USER who asks about a namespace. */
export function explainRights(namespace: string): string {
  const [, manifests] = /## Rights[\s\S]*?```yaml\n([\s\S]*?)```/.exec(read('docs/explain.md')) ?? [];
  if (manifests === undefined) throw new Error('docs/explain.md shows no rights');
  return manifests.replaceAll('namespace: shop', `namespace: ${namespace}`);
}
