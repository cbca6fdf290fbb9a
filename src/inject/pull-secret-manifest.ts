// The pull Secret of a namespace as a manifest, the same that Pullpass would write. It is the only thing of this command that
// holds logins, and only ever made when it was asked for.
import { stringify } from 'yaml';
import { pullSecretMetadata } from '../core/pull-secret.ts';
import { encodeData, type Need, type Renderings } from '../core/rendering.ts';
import type { Labels } from '../core/selector.ts';

export interface Wanted {
  readonly namespace: string;
  readonly labels: Labels;
  readonly needs: Map<string, Need>;
}

export function pullSecretManifest(
  { namespace, labels, needs }: Wanted,
  renderings: Renderings,
  json: boolean,
): { readonly text: string } | { readonly problem: string } {
  const { settings } = renderings;
  const rendering = renderings.of(labels);
  const { content } = rendering;
  if (namespace === '') return { problem: 'a pull Secret is for one namespace: say which with --namespace' };
  if (content === undefined) return { problem: `the pull Secret of namespace ${namespace} would be too large` };
  const lacking = [...needs.values()].find((need) => rendering.keysOf(need).length === 0);
  if (lacking !== undefined) {
    const { credential, pattern } = lacking;
    return {
      problem: `credential ${credential} has no login for ${pattern} here, so there is nothing to make a pull Secret of`,
    };
  }
  const manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: settings.name, namespace, ...pullSecretMetadata(settings, content) },
    type: content.type,
    data: { [content.dataKey]: encodeData(content.value) },
  };
  return { text: json ? `${JSON.stringify(manifest, null, 2)}\n` : stringify(manifest, { lineWidth: 0 }) };
}
