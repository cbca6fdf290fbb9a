// Copies that the API server is asked to make, without making them, so that the answer shows what would happen now. What belongs
// to the one that is there must go, or the copy is refused for reasons of its own: name, node, status, the token volume that
// Kubernetes adds, and the listed pull Secret itself.
import type { Fields } from './facts.ts';
import { at, fieldsOf, listOf, textOf } from './fields.ts';

const TOKEN_VOLUME = /^kube-api-access-/;

/** @param pod as it is, or as a template has it */
export function copyOfPod(pod: Fields, pullSecret: string): object {
  const spec = fieldsOf(pod.spec) ?? {};
  const {
    nodeName: _node,
    ephemeralContainers: _debug,
    priority: _priority,
    preemptionPolicy: _policy,
    ...kept
  } = spec;
  const listed = listOf(spec.imagePullSecrets).filter(({ name }) => name !== pullSecret);
  const volumes = listOf(spec.volumes).filter(({ name }) => !TOKEN_VOLUME.test(textOf(name)));
  const { labels, annotations, ownerReferences } = fieldsOf(pod.metadata) ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'pullpass-explain-',
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
      // Blocking the owner's deletion may need a right on the owner.
      ...(ownerReferences !== undefined && {
        ownerReferences: listOf(ownerReferences).map(({ blockOwnerDeletion: _, ...reference }) => reference),
      }),
    },
    spec: {
      ...withoutTokenMounts(kept),
      volumes,
      imagePullSecrets: listed,
    },
  };
}

/** A Pod with the images and the ServiceAccount of another, and nothing else that a condition could look at. */
export function plainPod(pod: Fields): object {
  const all = [...listOf(at(pod, 'spec', 'initContainers')), ...listOf(at(pod, 'spec', 'containers'))];
  const containers = all.map(({ image }, i) => ({ name: `c${i}`, image }));
  const account = at(pod, 'spec', 'serviceAccountName');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'pullpass-explain-' },
    spec: { containers, ...(account !== undefined && { serviceAccountName: account }) },
  };
}

function withoutTokenMounts(spec: Fields): Fields {
  const stripped = ['initContainers', 'containers'].flatMap((field) =>
    spec[field] === undefined ? [] : [[field, listOf(spec[field]).map(withoutTokenMount)]],
  );
  return { ...spec, ...Object.fromEntries(stripped) };
}

function withoutTokenMount(container: Fields): Fields {
  if (container.volumeMounts === undefined) return container;
  const volumeMounts = listOf(container.volumeMounts).filter(({ name }) => !TOKEN_VOLUME.test(textOf(name)));
  return { ...container, volumeMounts };
}
