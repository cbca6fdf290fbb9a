// Which Pod to try: a namespace that takes part, and an image in it that a credential with a login serves. It must be one that the
// decision would serve for certain, or a healthy installation would look broken; where there is none, that is said instead.
import { parseImage } from '../core/image.ts';
import { namespaceRefusal } from '../core/participation.ts';
import { covers, type Pattern, parsePattern } from '../core/pattern.ts';
import { authorityOf } from '../core/policy.ts';
import type { CredentialStatus, ReplicaStatus } from '../core/replica-status.ts';
import { selects } from '../core/selector.ts';
import type { Namespace } from './facts.ts';

export interface TrialPlace {
  readonly namespace: string;
  readonly image: string;
}

const NAME = 'pullpass-check';

/** The places to try, the best first; or why there are none. */
export function trialPlaces(
  status: ReplicaStatus,
  namespaces: readonly Namespace[],
): readonly TrialPlace[] | { readonly nothing: string } {
  const { namespaces: selector, own } = status.settings;
  const part = namespaces.filter(
    ({ name, labels, leaving }) =>
      !leaving && namespaceRefusal(name, labels, { namespaces: selector, own }) === undefined,
  );
  if (part.length === 0) return { nothing: 'no namespace takes part yet' };
  const refused = new Set(status.sync?.namespaces.filter((one) => one.refused).map(({ name }) => name));
  const images = status.credentials.map((credential) => ({ of: credential.namespaces, image: imageOf(credential) }));
  const places = part
    .filter(({ name }) => !refused.has(name))
    .flatMap(({ name, labels }) => {
      const found = images.find(({ of, image }) => image !== undefined && (of === undefined || selects(of, labels)));
      return found?.image === undefined ? [] : [{ namespace: name, image: found.image }];
    });
  if (places.length > 0) return places;
  return { nothing: 'in no namespace that takes part a credential with a login serves an image of a known host' };
}

/** An image that this credential serves; undefined: its patterns have no login, or a glob in the host. */
export function imageOf({ patterns, except }: CredentialStatus): string | undefined {
  const excepted = except.flatMap((text) => read(text) ?? []);
  for (const { text, hasLogin } of patterns) {
    const pattern = hasLogin ? read(text) : undefined;
    if (pattern === undefined || pattern.host.some((label) => label.includes('*'))) continue;
    const image = below(pattern);
    const parsed = parseImage(image);
    if (parsed === undefined || !covers(pattern, parsed)) continue;
    if (!excepted.some((one) => covers(one, parsed))) return image;
  }
  return undefined;
}

/** Two segments at least: on Docker Hub one alone is another repository. */
function below(pattern: Pattern): string {
  const path = pattern.path.map((segment) => segment.replaceAll('*', 'x'));
  return [authorityOf(pattern), ...(path.length === 0 ? ['pullpass'] : path), NAME].join('/');
}

function read(text: string): Pattern | undefined {
  const parsed = parsePattern(text);
  return parsed.ok ? parsed.value : undefined;
}

/** Such as the strictest Pod security lets through, and as a quota asks for. */
export function trialPod(image: string): object {
  const amounts = { cpu: '1m', memory: '1Mi' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: `${NAME}-` },
    spec: {
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          ...{ name: 'check', image },
          resources: { requests: amounts, limits: amounts },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}
