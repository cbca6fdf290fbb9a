// The truth table of an injection: what the object is, what stands around it, what is added and why.
import type { PullSecretState } from '../../src/core/surroundings.ts';

export const OURS = 'pullpass-dockercfg';
const secret: PullSecretState = {
  uid: 'u',
  resourceVersion: '1',
  type: 'x',
  ours: true,
  credentials: [],
  keys: new Set(),
};
const foreign = { ...secret, ours: false };

export interface Row {
  readonly because: string;
  readonly kind: 'Pod' | 'Deployment';
  /** Absent: one that is served. */
  readonly image?: string;
  readonly listed?: readonly string[];
  readonly account?: readonly string[];
  readonly enforces?: true;
  readonly secret?: PullSecretState;
  readonly reason: string;
  readonly add: readonly string[];
  /** The pull Secret is listed, so it must be there; absent: when the reason says so. */
  readonly ensures?: true;
}

export const ROWS: readonly Row[] = [
  { because: 'the plain case', kind: 'Pod', reason: 'injected', add: [OURS] },
  { because: 'a template', kind: 'Deployment', reason: 'injected', add: [OURS] },
  { because: 'the Secret is there and ours', kind: 'Pod', secret, reason: 'injected', add: [OURS] },
  { because: 'beside what the user lists', kind: 'Pod', listed: ['u'], reason: 'injected', add: [OURS] },
  { because: 'a public image', kind: 'Pod', image: 'nginx', reason: 'no-private-image', add: [] },
  { because: 'listed already', kind: 'Pod', listed: [OURS], reason: 'already-listed', add: [] },
  { because: 'listed among others', kind: 'Deployment', listed: ['u', OURS], reason: 'already-listed', add: [] },
  // The first half of the ServiceAccount rule: a list in a template would take the ServiceAccount's Secrets from its Pods.
  {
    because: 'a template without a list',
    kind: 'Deployment',
    account: ['s'],
    reason: 'service-account-secrets',
    add: [],
  },
  {
    because: 'a template with one',
    kind: 'Deployment',
    listed: ['u'],
    account: ['s'],
    reason: 'injected',
    add: [OURS],
  },
  {
    because: 'only ours in a template',
    kind: 'Deployment',
    listed: [OURS],
    account: ['s'],
    reason: 'already-listed',
    add: [],
  },
  // The second half: a Pod that lists only ours also gets what its ServiceAccount has.
  { because: 'a bare Pod', kind: 'Pod', account: ['s', 's2'], reason: 'injected', add: [OURS, 's', 's2'] },
  {
    because: 'only ours listed',
    kind: 'Pod',
    listed: [OURS],
    account: ['s'],
    reason: 'service-account-restored',
    add: ['s'],
    ensures: true,
  },
  {
    because: 'even for public images',
    kind: 'Pod',
    image: 'nginx',
    listed: [OURS],
    account: ['s'],
    reason: 'service-account-restored',
    add: ['s'],
  },
  {
    because: 'even beside a foreign Secret',
    kind: 'Pod',
    listed: [OURS],
    account: ['s'],
    secret: foreign,
    reason: 'service-account-restored',
    add: ['s'],
  },
  {
    because: 'the user lists one: his choice',
    kind: 'Pod',
    listed: ['u'],
    account: ['s'],
    reason: 'injected',
    add: [OURS],
  },
  {
    because: 'ours and a user entry',
    kind: 'Pod',
    listed: [OURS, 'u'],
    account: ['s'],
    reason: 'already-listed',
    add: [],
  },
  {
    because: 'a bare Pod with public images',
    kind: 'Pod',
    image: 'nginx',
    account: ['s'],
    reason: 'no-private-image',
    add: [],
  },
  {
    because: 'the ServiceAccount names ours',
    kind: 'Pod',
    account: [OURS, 's', 's'],
    reason: 'injected',
    add: [OURS, 's'],
  },
  { because: 'it names nothing else', kind: 'Pod', listed: [OURS], account: [OURS], reason: 'already-listed', add: [] },
  // Kubernetes would reject the Pod.
  { because: 'it enforces', kind: 'Pod', enforces: true, reason: 'enforcing-service-account', add: [] },
  {
    because: 'it enforces, others',
    kind: 'Pod',
    enforces: true,
    account: ['s'],
    reason: 'enforcing-service-account',
    add: [],
  },
  {
    because: 'it enforces, and names ours',
    kind: 'Pod',
    enforces: true,
    account: [OURS],
    reason: 'injected',
    add: [OURS],
  },
  {
    because: 'it enforces: before foreign',
    kind: 'Pod',
    enforces: true,
    secret: foreign,
    reason: 'enforcing-service-account',
    add: [],
  },
  {
    because: 'public, though it enforces',
    kind: 'Pod',
    image: 'nginx',
    enforces: true,
    reason: 'no-private-image',
    add: [],
  },
  // Nobody can vouch for its content.
  { because: 'a foreign Secret', kind: 'Pod', secret: foreign, reason: 'foreign-secret', add: [] },
  {
    because: 'a foreign Secret that is listed',
    kind: 'Pod',
    listed: [OURS],
    secret: foreign,
    reason: 'foreign-secret',
    add: [],
  },
  {
    because: 'and in a template',
    kind: 'Deployment',
    account: ['s'],
    secret: foreign,
    reason: 'foreign-secret',
    add: [],
  },
];
