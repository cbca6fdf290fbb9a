// The handler of the peers in TypeScript: JSON.parse, the same decision as the peers in Go, a patch made by hand. It trusts that
// what it is sent is a review, as a benchmark may; it is what Pullpass would cost if it did nothing else.
import { PULL_SECRET } from '../reviews.ts';
import type { PeerOptions } from './peer-options.ts';

interface Container {
  readonly image: string;
}

interface Pod {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly ephemeralContainers?: readonly Container[];
    readonly volumes?: readonly { readonly image?: { readonly reference: string } }[];
    readonly imagePullSecrets?: readonly { readonly name: string }[];
  };
}

const base64 = (patch: object): string => Buffer.from(JSON.stringify([patch])).toString('base64');
const LIST = '/spec/imagePullSecrets';
const MAKE_LIST = base64({ op: 'add', path: LIST, value: [{ name: PULL_SECRET }] });
const GROW_LIST = base64({ op: 'add', path: `${LIST}/-`, value: { name: PULL_SECRET } });

export function answerParsed(text: string, { registries, namespaces }: PeerOptions): string {
  const { request } = JSON.parse(text);
  const patch = namespaces.has(request.namespace) ? patchFor(request.object, registries) : '';
  const patched = patch === '' ? '' : `,"patchType":"JSONPatch","patch":"${patch}"`;
  const response = `{"uid":${JSON.stringify(request.uid)},"allowed":true${patched}}`;
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":${response}}`;
}

function patchFor({ metadata, spec }: Pod, registries: ReadonlySet<string>): string {
  if (metadata.labels?.['pullpass.dev/inject'] === 'disabled') return '';
  if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return '';
  if (!anyServed(spec, registries)) return '';
  const listed = spec.imagePullSecrets ?? [];
  if (listed.length === 0) return MAKE_LIST;
  return listed.some(({ name }) => name === PULL_SECRET) ? '' : GROW_LIST;
}

function anyServed(spec: Pod['spec'], registries: ReadonlySet<string>): boolean {
  const isServed = ({ image }: Container): boolean => registries.has(hostOf(image));
  if (spec.initContainers?.some(isServed) || spec.containers.some(isServed)) return true;
  if (spec.ephemeralContainers?.some(isServed)) return true;
  return spec.volumes?.some(({ image }) => image !== undefined && registries.has(hostOf(image.reference))) ?? false;
}

function hostOf(image: string): string {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  return first === 'localhost' || first.includes('.') || first.includes(':') ? first : 'docker.io';
}
