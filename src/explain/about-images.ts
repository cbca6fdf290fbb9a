// Each image: which credential serves it, or which nearly does, and which key of the pull Secret the kubelet will use.
import { type ImageReference, parseImage } from '../core/image.ts';
import { covers, coversHost } from '../core/pattern.ts';
import { authorityOf } from '../core/policy.ts';
import type { CredentialStatus } from '../core/replica-status.ts';
import { labellingFor, requirementText, selectorText, unmetRequirements } from '../core/selector-gap.ts';
import { containerWith } from './about-object.ts';
import type { Names } from './advice.ts';
import { type ImageAnswer, readCredential } from './decision.ts';
import { found } from './facts.ts';
import { type Case, type Finding, isRefused } from './finding.ts';
import { labelOf } from './kinds.ts';
import { newSecretFor } from './new-secret.ts';
import { quiet, shellWord } from './words.ts';

const SHOWN_MAX = 6;

export function aboutImages(opened: Case): readonly Finding[] {
  const { decision } = opened;
  if (decision === undefined) return [];
  const all = distinct(decision.images).map((image) => aboutImage(opened, image));
  const order = { fail: 0, warn: 1, ok: 2, '-': 3 };
  const sorted = all.toSorted((a, b) => order[a.state] - order[b.state]);
  const rest = sorted.length - SHOWN_MAX;
  if (rest <= 0) return sorted;
  return [...sorted.slice(0, SHOWN_MAX), { state: '-', about: 'image', text: `and ${rest} more, none of them worse` }];
}

function distinct(images: readonly ImageAnswer[]): readonly ImageAnswer[] {
  return [...new Map(images.map((image) => [image.image, image])).values()];
}

function aboutImage(opened: Case, answer: ImageAnswer): Finding {
  const { image, reason } = answer;
  const refused = isRefused(opened.facts, image);
  const say = (state: Finding['state'], text: string, names: Names = {}): Finding => ({
    ...{ state, about: 'image', text: `${image}: ${text}`, reason },
    names: { image, host: parseImage(image)?.host, ...names },
  });
  switch (reason) {
    case 'served':
      return say('ok', servedText(answer), { credential: answer.credential });
    case 'not-allowed':
      return sayNotAllowed(opened, answer, say);
    case 'no-login':
      return sayNoLogin(opened, answer, say);
    case 'excepted': {
      const by = candidatesFor(opened, image)[0];
      const names = { credential: by?.name, ...newSecretFor(opened, image) };
      return say(
        refused ? 'fail' : triedAnyway(answer) ? 'warn' : '-',
        `excepted by credential ${by?.name}${triedAnyway(answer)}`,
        names,
      );
    }
    case 'no-credential':
      return sayNoCredential(opened, answer, refused, say);
    case 'invalid-reference':
      return say('fail', 'invalid-reference, it cannot be pulled at all', { setImage: setImageCommand(opened, image) });
  }
}

type Say = (state: Finding['state'], text: string, names?: Names) => Finding;

function servedText({ credential, pattern, key, differs, tried }: ImageAnswer): string {
  const uses = key === undefined ? '' : `, key ${key}`;
  const first = differs === undefined ? '' : `; the kubelet tries that of ${tried} first (${differs})`;
  return `served by ${credential} (${pattern}${uses})${first}`;
}

/** The kubelet tries any login whose key matches, also for an image that Pullpass means to leave alone. */
function triedAnyway({ key, tried, differs }: ImageAnswer): string {
  return key === undefined ? '' : `, but the kubelet tries the login of ${tried} (${differs ?? key})`;
}

function sayNotAllowed(opened: Case, { image }: ImageAnswer, say: Say): Finding {
  const { facts, blame } = opened;
  const labels = found(facts.namespace.read)?.labels;
  // Without them every selector looks as if it did not select.
  if (labels === undefined) {
    const { reason: _, ...unknown } = say('-', 'which credential is for this namespace its labels would tell');
    return unknown;
  }
  const by = candidatesFor(opened, image).find(
    ({ namespaces }) => namespaces && unmetRequirements(namespaces, labels).length > 0,
  );
  const selector = by?.namespaces ?? {};
  const needed = unmetRequirements(selector, labels).map(requirementText).join(', ');
  const names = { credential: by?.name, needed: selectorText(selector), admit: admitCommand(opened, by) };
  return say(blame, `not-allowed: ${by?.name} is for namespaces with ${needed}`, names);
}

/** By a label of the namespace; where no label can do it, by what a labelled Secret says about namespaces. */
function admitCommand({ facts }: Case, by: CredentialStatus | undefined): string | undefined {
  const { name } = facts.namespace;
  const labels = found(facts.namespace.read)?.labels ?? {};
  if (by?.namespaces === undefined) return undefined;
  const change = labellingFor(by.namespaces, labels);
  if (change !== undefined) return `kubectl label namespace ${name} ${change.map(shellWord).join(' ')}`;
  const source = sourceOf(by);
  const unmet = unmetRequirements(by.namespaces, labels);
  const [names] = unmet;
  if (source === undefined || unmet.length !== 1 || names?.operator !== 'In') return undefined;
  const widened = { ...names, values: [...(names.values ?? []), name] };
  const others = selectorText(by.namespaces)
    .split(', ')
    .filter((text) => text !== requirementText(names));
  const selector = shellWord([...others, requirementText(widened)].join(', '));
  return `kubectl -n ${facts.own} annotate --overwrite secret ${source} pullpass.dev/namespaces=${selector}`;
}

function sayNoLogin(opened: Case, { image }: ImageAnswer, say: Say): Finding {
  const by = candidatesFor(opened, image).find(({ patterns }) => patterns.some(({ hasLogin }) => !hasLogin));
  const told = by?.problems.find(({ kind }) => kind === 'no-login' || kind === 'source')?.problem;
  const problem = quiet(told ?? `its source, ${by?.where}, gives none`);
  const names = { credential: by?.name, problem, ...newSecretFor(opened, image) };
  return say(opened.is === 'nothing' ? '-' : 'fail', `no-login of ${by?.name}: ${problem}`, names);
}

function sayNoCredential(opened: Case, answer: ImageAnswer, refused: boolean, say: Say): Finding {
  const near = nearestTo(opened, answer.image);
  const broken = opened.status?.problems.concat(opened.status.credentials.flatMap(({ problems }) => problems));
  const refusal = broken?.find(({ kind }) => kind === 'refused');
  const hint = near !== undefined ? `, nearest is ${near.pattern} of ${near.credential.name}` : '';
  const also = refused && refusal !== undefined ? `; ${refusal.where} is refused: ${quiet(refusal.problem, 60)}` : '';
  const widen = near === undefined ? undefined : widenCommand(opened, near, answer.image);
  const anew = widen === undefined ? newSecretFor(opened, answer.image) : {};
  const anyway = triedAnyway(answer);
  const state = refused ? 'fail' : anyway === '' ? '-' : 'warn';
  return say(state, `no-credential${hint}${anyway}${also}`, { ...anew, widen });
}

interface Near {
  readonly credential: CredentialStatus;
  readonly pattern: string;
}

/** A pattern of the same registry. */
function nearestTo({ status }: Case, image: string): Near | undefined {
  const reference = parseImage(image);
  if (reference === undefined) return undefined;
  for (const credential of status?.credentials ?? []) {
    const near = readCredential(credential).patterns.find(({ pattern }) => coversHost(pattern, reference.host));
    if (near !== undefined) return { credential, pattern: near.pattern.text };
  }
  return undefined;
}

/** One more pattern for a labelled Secret: the path of the image up to its last part. */
function widenCommand({ facts }: Case, { credential }: Near, image: string): string | undefined {
  const source = sourceOf(credential);
  const reference = parseImage(image);
  if (source === undefined || reference === undefined) return undefined;
  const path = reference.repository.split('/').slice(0, -1).join('/');
  const pattern = path === '' ? `${reference.host}/${reference.repository}` : `${reference.host}/${path}/`;
  const match = [...credential.patterns.map(({ text }) => text), pattern].join(',');
  return `kubectl -n ${facts.own} annotate --overwrite secret ${source} pullpass.dev/match=${shellWord(match)}`;
}

/** The credentials that cover the image, whatever else keeps them from serving it. */
function candidatesFor({ status }: Case, image: string): readonly CredentialStatus[] {
  const reference: ImageReference | undefined = parseImage(image);
  if (reference === undefined) return [];
  return (status?.credentials ?? []).filter((credential) =>
    readCredential(credential).patterns.some(({ pattern }) => covers(pattern, reference)),
  );
}

/** The labelled Secret that a credential comes from; undefined: it comes from elsewhere. */
export function sourceOf({ where }: Pick<CredentialStatus, 'where'>): string | undefined {
  return /^Secret ([a-z0-9.-]+)$/.exec(where)?.[1];
}

/** The same, if `kubectl create secret docker-registry`, which writes one registry, takes no login of another out of it. */
export function replaceableSource(credential: CredentialStatus): string | undefined {
  const hosts = new Set(readCredential(credential).patterns.map(({ pattern }) => authorityOf(pattern)));
  return hosts.size === 1 ? sourceOf(credential) : undefined;
}

function setImageCommand({ facts }: Case, image: string): string | undefined {
  const { target, owner, namespace, pod } = facts;
  const container = containerWith(pod, image);
  if (target.form !== 'live' || container === undefined) return undefined;
  const of = owner?.template === undefined ? `pod/${target.name}` : labelOf(owner.kind, owner.name);
  return `kubectl -n ${namespace.name} set image ${shellWord(of)} ${shellWord(container)}=IMAGE`;
}
