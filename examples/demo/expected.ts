// What must be so at the end of the demo. It is compared with what was read, never shown in its place.
import type { ObjectFact, Order } from './facts.ts';

/** Object (the name of a generated Pod is that of its Deployment), then per image the credential, or why it has none. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'shop/Deployment/web': ['injected', 'ghcr-io'],
  'shop/Pod/web': ['already-listed', 'ghcr-io'],
  'shop/Pod/private': ['injected', 'docker-io', 'registry-example-com-5000'],
  'shop/Pod/public': ['no-private-image', 'excepted'],
  'shop/Pod/mixed': ['injected', 'ghcr-io', 'excepted', 'no-credential'],
  'classic/Deployment/web': ['injected', 'ghcr-io'],
  'classic/Pod/web': ['already-listed', 'ghcr-io'],
  'unlabelled/Pod/private': ['namespace-not-enabled', 'not looked at'],
};
const LISTED = ['injected', 'already-listed'];
const PODS_OF_DEPLOYMENTS = 4;

/** @returns a sentence for each fact that is not as it must be */
export function surprises(objects: readonly ObjectFact[], orders: readonly Order[]): readonly string[] {
  const found = objects.flatMap((object) => {
    const key = keyOf(object);
    const was = [object.reason, ...object.images.map((entry) => entry.credential ?? entry.reason ?? 'not looked at')];
    const wanted = EXPECTED[key] ?? ['nothing'];
    if (was.join() !== wanted.join()) return [`${key}: expected ${wanted.join(', ')}, found ${was.join(', ')}`];
    if (object.lists === LISTED.includes(object.reason)) return [];
    return [`${key}: serve said ${object.reason}, but it ${object.lists ? 'lists' : 'does not list'} the pull Secret`];
  });
  const keys = objects.map(keyOf);
  const missing = Object.keys(EXPECTED).filter((key) => !keys.includes(key));
  const generated = keys.filter((key) => key.endsWith('/Pod/web')).length;
  const namespaces = orders.map(({ namespace }) => namespace).sort();
  return [
    ...found,
    ...missing.map((key) => `${key}: it is not there`),
    ...(generated === PODS_OF_DEPLOYMENTS ? [] : [`${generated} Pods of Deployments, expected ${PODS_OF_DEPLOYMENTS}`]),
    ...(namespaces.join() === 'classic,shop'
      ? []
      : [`pull Secrets in ${namespaces.join(', ')}, expected classic, shop`]),
    ...orders
      .filter(({ secret, pod }) => secret >= pod)
      .map(({ namespace }) => `${namespace}: a Pod came before the Secret`),
  ];
}

function keyOf({ namespace, kind, name }: ObjectFact): string {
  return `${namespace}/${kind}/${name.startsWith('web-') ? 'web' : name}`;
}
