// Reviews as nobody would send them: mutated in their structure (members that come twice, in another order, of another type, with
// escapes in their names) and in their bytes. From a seed, so that each can be made again.

type Random = () => number;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const one = <T>(random: Random, of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;

const MIRROR = 'kubernetes.io/config.mirror';
const INJECT = 'pullpass.dev/inject';
const IMAGES = ['nginx', 'ghcr.io/acme/app:1', '', 'ünïcode', 'a"b', 'back\\slash', 7, null, {}, ['x']];
const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1.5e-7,
  1e21,
  '',
  'text',
  'é\u2028\u0000"\\',
  [],
  {},
  [null],
  [{}],
];

function podSpec(random: Random): unknown {
  const container = () => ({ name: 'c', image: one(random, IMAGES), env: [{ name: 'A', value: 'b\n"c"' }] });
  const some = (make: () => unknown) => Array.from({ length: Math.floor(random() * 3) }, make);
  const spec: Record<string, unknown> = { containers: [container(), ...some(container)] };
  if (random() < 0.3) spec.initContainers = some(container);
  if (random() < 0.2) spec.ephemeralContainers = some(container);
  if (random() < 0.3)
    spec.volumes = some(() => one<unknown>(random, [{ image: { reference: one(random, IMAGES) } }, {}]));
  if (random() < 0.3)
    spec.imagePullSecrets = some(() => one<unknown>(random, [{ name: 'x' }, {}, null, 'x', { name: 7 }]));
  if (random() < 0.3) spec.serviceAccountName = one(random, ['sa', '', null, 5]);
  if (random() < 0.2) spec.serviceAccount = one(random, ['older', null]);
  return spec;
}

function metadata(random: Random): unknown {
  const labels = { app: 'a', ...(random() < 0.3 && { [INJECT]: one(random, ['disabled', 'enabled', null, 1]) }) };
  return {
    name: 'web',
    labels,
    ...(random() < 0.2 && { annotations: { [MIRROR]: one(random, ['hash', null]), other: 'x' } }),
    ...(random() < 0.2 && { ownerReferences: [{ kind: 'X', controller: one(random, [true, false, 'true']) }] }),
    ...(random() < 0.3 && { managedFields: [{ fieldsV1: { 'f:spec': { 'k:{"name":"c"}': {} } } }] }),
  };
}

interface Template {
  readonly metadata: unknown;
  readonly spec: unknown;
}

const KINDS: readonly (readonly [group: string, kind: string, objectOf: (pod: Template) => unknown])[] = [
  ['', 'Pod', ({ metadata, spec }) => ({ metadata, spec })],
  ['apps', 'Deployment', (template) => ({ metadata: {}, spec: { replicas: 2, template } })],
  ['batch', 'CronJob', (template) => ({ spec: { jobTemplate: { spec: { template } } } })],
  ['', 'PodTemplate', (template) => ({ template })],
  ['argoproj.io', 'Rollout', (template) => ({ metadata: {}, spec: { template } })],
  ['odd.example', 'Bare', ({ metadata, spec }) => ({ metadata, spec })],
  ['', 'ConfigMap', () => ({ data: {} })],
];

function review(random: Random): unknown {
  const [group, kind, objectOf] = one(random, KINDS);
  const pod = () => ({ metadata: metadata(random), spec: podSpec(random) });
  const object = objectOf(pod());
  const operation = random() < 0.8 ? 'CREATE' : one(random, ['UPDATE', 'DELETE', '', 'create']);
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: 'u-1',
      kind: { group, version: 'v1', kind },
      resource: { group, version: 'v1', resource: 'x' },
      ...(random() < 0.1 && { subResource: one(random, ['', 'status']) }),
      name: one(random, ['web', 'wéb']),
      namespace: 'shop',
      operation,
      userInfo: { username: 'ü', groups: ['a'] },
      object,
      oldObject: operation === 'UPDATE' || random() < 0.2 ? one(random, [object, objectOf(pod())]) : null,
      dryRun: one(random, [true, false, null]),
      ...(random() < 0.05 && { subResource: 'late' }),
      ...(random() < 0.05 && { [`operation${AGAIN}`]: one(random, ['UPDATE', 'CREATE']) }),
      ...(random() < 0.05 && { [`kind${AGAIN}`]: { group: 'apps', kind: one(random, ['Deployment', 'Other']) } }),
      ...(random() < 0.02 && { [`object${AGAIN}`]: objectOf(pod()) }),
    },
    ...(random() < 0.02 && { [`request${AGAIN}`]: { uid: 'u-2', kind: { group, kind }, operation: 'CREATE' } }),
  };
}

/** At the end of a name: written without it, so that the member comes twice with different values. */
const AGAIN = '\u0001';

type Names = readonly string[];

/** JSON text of a value, with liberties that a value cannot hold. */
function write(value: unknown, random: Random, oddness: number): string {
  const odd = (chance: number): boolean => random() < chance * oddness;
  const blank = (): string => (odd(0.01) ? one(random, [' ', '\n', '\t', '\r', '\f', '\u00a0']) : '');
  if (odd(0.02)) return JSON.stringify(one(random, ODD));
  if (Array.isArray(value)) return `[${blank()}${value.map((item) => write(item, random, oddness)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    let names: Names = Object.keys(value);
    if (odd(0.05)) names = [...names, ...names].sort(() => random() - 0.5);
    if (odd(0.05)) names = names.filter(() => random() < 0.7);
    const members = names.map((name) => {
      const text = odd(0.02) ? one(random, ODD_NAMES) : name.replace(AGAIN, '');
      return `${writeName(text, odd(0.03))}${blank()}:${blank()}${write((value as Record<string, unknown>)[name], random, oddness)}`;
    });
    return `{${members.join(',')}${blank()}}`;
  }
  return odd(0.02) ? one(random, ODD_TEXTS) : JSON.stringify(value);
}

const ODD_NAMES = ['__proto__', 'constructor', 'object', 'request', 'kind', 'spec', 'operation', 'items', 'é', ''];
const ODD_TEXTS = [
  '01',
  '-',
  '1.',
  '.5',
  '1e',
  '1e+5',
  '-0',
  'nul',
  'True',
  '"\\x"',
  '"\\u12"',
  '"\\ud800"',
  "'a'",
  'NaN',
  '"\t"',
];

function writeName(name: string, escaped: boolean): string {
  if (!escaped || name === '') return JSON.stringify(name);
  return `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(name).slice(2)}`;
}

const BYTES = [...Buffer.from('"{}[]:,\\ \n\t\0tfn0-.eE/u'), 0x7f, 0x80, 0xc3, 0xa9, 0xed, 0xf0, 0xff];

function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = Math.floor(random() * bytes.length);
  const to = Math.min(bytes.length, at + 1 + Math.floor(random() * 8));
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  const strange = Buffer.from([one(random, BYTES)]);
  switch (Math.floor(random() * 5)) {
    case 0:
      return Buffer.concat([before, strange, bytes.subarray(at + 1)]);
    case 1:
      return Buffer.concat([before, strange, bytes.subarray(at)]);
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, middle, middle, after]);
    default:
      return Buffer.from(before);
  }
}

/** One body, the same for the same numbers. */
export function makeBody(random: Random): Buffer {
  const oddness = one(random, [0, 0, 1, 4]);
  let body: Buffer = Buffer.from(write(review(random), random, oddness) + one(random, ['', '\n', '\n', '\n\n', ' ']));
  if (random() < 0.5)
    for (let left = 1 + Math.floor(random() * 3); left > 0 && body.length > 0; left--) body = mutateBytes(body, random);
  return body;
}
