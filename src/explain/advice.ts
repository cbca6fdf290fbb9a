// For each reason what it means for the one who asks, and the command that mends it. Data: docs/explain.md shows the same table.
// `{names}` are filled in with those of the object at hand; a command with a name that is not known is left out. The
// surprising rule: `{anew}` makes Pods anew, since a Pod never gets what it was made without.
import type { EnsureReason, ImageReason, ObjectReason, RefuseReason } from '../core/reason.ts';

export interface Advice {
  /** fine: nothing is to be mended; wrong: something is; unknown: it could not be told. */
  readonly is: 'fine' | 'wrong' | 'unknown';
  readonly says: string;
  /** Commands, one after the other. Placeholders in capitals are for the user to fill in. */
  readonly fix: readonly string[];
}

const fine = (says: string): Advice => ({ is: 'fine', says, fix: [] });
const wrong = (says: string, ...fix: readonly string[]): Advice => ({ is: 'wrong', says, fix });

export const ANEW = '{anew}';
const CHECK = 'pullpass check --namespace {own}';
const GIVE_LOGIN = [
  'kubectl -n {own} create secret docker-registry {newSecret} --docker-server={host} --docker-username=USER --docker-password="$TOKEN"',
  // Only where a credential without a selector would be refused.
  'kubectl -n {own} annotate secret {newSecret} pullpass.dev/namespaces={newScope}',
  'kubectl -n {own} label secret {newSecret} pullpass.dev/credential=enabled',
];
const CHANGE_LOGIN =
  'kubectl -n {own} create secret docker-registry {source} --docker-server={host} --docker-username=USER --docker-password="$TOKEN" --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f -';
const DELETE_FOREIGN = 'kubectl -n {namespace} delete secret {foreign}';

export const OBJECT_ADVICE: Readonly<Record<ObjectReason, Advice>> = {
  injected: fine('{object} gets the pull Secret {pullSecret}'),
  'already-listed': fine('{object} lists the pull Secret {pullSecret}, and that holds what it needs'),
  'service-account-restored': fine('{object} lists {pullSecret}, and also gets the Secrets of its ServiceAccount'),
  'no-private-image': fine('{object} needs no pull Secret: no image of it is served by a credential'),
  'no-images': fine('{object} needs no pull Secret: it has no images'),
  'namespace-not-enabled': wrong(
    'the namespace {namespace} does not take part',
    'kubectl label namespace {namespace} {labels}',
    ANEW,
  ),
  'namespace-excluded': wrong('{namespace} never takes part, like every system namespace: use another one'),
  'opted-out': wrong('{object} opted out, by the label pullpass.dev/inject: disabled', '{optIn}', ANEW),
  'controller-owned': fine(
    '{object} belongs to a controller and is left alone: its Pods are served when they are made',
  ),
  'service-account-secrets': fine(
    'the template is left alone, so that its Pods keep the Secrets of their ServiceAccount: they are served when they are made',
  ),
  'enforcing-service-account': wrong(
    'the ServiceAccount {account} lets its Pods list only the Secrets that it names, and {pullSecret} is not among them',
    `kubectl -n {namespace} patch serviceaccount {account} -p '{"imagePullSecrets":[{"name":"{pullSecret}"}]}'`,
    ANEW,
  ),
  'template-unchanged': fine(
    'the template was made without it and is left as it was, as a change would be a rollout: its Pods are served when they are made',
  ),
  'template-immutable': fine(
    'a template of this kind is only patched when it is made: its Pods are served when they are made',
  ),
  'pod-immutable': wrong(
    '{missed} made without the pull Secret, and never will get it: the list of a Pod cannot be changed. One made now gets it',
    ANEW,
  ),
  'mirror-pod': wrong('{object} is the mirror of a static Pod, which can use no Secret: give its node a login'),
  'not-a-workload': fine(
    '{object} is of a kind that is not in the setting `workloads`: its Pods are served when they are made',
  ),
  'not-applicable': fine('nothing is done at this operation'),
  'malformed-object': wrong(
    '{object} has no pod spec where its kind should have one; of a custom kind, compare podSpec in the setting `workloads`',
    'kubectl explain {resource} --recursive',
  ),
  'foreign-secret': wrong(
    'a Secret {pullSecret} is in {namespace} that Pullpass did not make (but {managers}), so nothing lists it; if nobody needs it, delete it',
    DELETE_FOREIGN,
    ANEW,
  ),
};

export const IMAGE_ADVICE: Readonly<Record<ImageReason, Advice>> = {
  served: fine('credential {credential} serves {image}'),
  'no-credential': wrong('no credential serves {image}, and it is not public', '{widen}', ...GIVE_LOGIN, ANEW),
  excepted: wrong('credential {credential} leaves {image} out, and it is not public', ...GIVE_LOGIN, ANEW),
  'not-allowed': wrong('credential {credential} serves {image}, but only in namespaces with {needed}', '{admit}', ANEW),
  'no-login': wrong('credential {credential} has no login for {image}: {problem}', ...GIVE_LOGIN, ANEW),
  'invalid-reference': wrong('{image} is no valid image reference', '{setImage}'),
};

export const SECRET_ADVICE: Readonly<Record<EnsureReason | RefuseReason, Advice>> = {
  present: fine('the pull Secret holds a key for every private image'),
  created: fine('the pull Secret is not there yet, and is made before the first Pod that needs it'),
  rewritten: fine('the pull Secret lacks a key, and gets it before the next Pod that needs it'),
  'dry-run': fine('this was a dry run, which writes nothing'),
  foreign: wrong(
    'a Secret {pullSecret} is in {namespace} that Pullpass did not make (but {managers}); if nobody needs it, delete it',
    DELETE_FOREIGN,
  ),
  terminating: wrong('the namespace {namespace} is being deleted'),
  quota: wrong(
    'a quota of {namespace} forbids the pull Secret',
    `kubectl -n {namespace} patch resourcequota {quota} --type=merge -p '{"spec":{"hard":{"{counts}":"{raised}"}}}'`,
    ANEW,
  ),
  forbidden: wrong('the API server does not let Pullpass write the pull Secret: {problem}', CHECK),
  conflict: wrong(
    'somebody else keeps changing the pull Secret',
    'kubectl -n {namespace} get secret {pullSecret} --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}',
  ),
  deadline: wrong('the API server was too slow for the pull Secret to be written in time', CHECK),
  unavailable: wrong('Pullpass could not reach the API server to write the pull Secret', CHECK),
  'login-missing': wrong(
    'a credential in the pull Secret has no login at the moment, so it is not written anew',
    CHECK,
  ),
  'too-large': wrong(
    'the pull Secret would be too large, or its host globs overlap in too many ways: narrow credentials by namespaces, or use fewer globs',
    'pullpass status --namespace {own}',
  ),
};

/** Reasons that lie around the decision: nobody was asked, nobody answered, or what was injected does not help. */
export const AROUND_ADVICE = {
  'namespace-missing': wrong('there is no namespace {namespace}', 'kubectl create namespace {namespace}'),
  'webhook-missing': wrong(
    'there is no webhook configuration {webhook}, so Pullpass is never asked',
    'helm upgrade {webhook} charts/pullpass -n {own} --reuse-values',
    ANEW,
  ),
  'webhook-untrusted': wrong(
    'the webhook configuration {webhook} has no caBundle, so the API server trusts no replica',
    CHECK,
  ),
  'webhook-selector': wrong(
    'the webhook configuration {webhook} does not send what {namespace} makes: its {part} wants {unmet}',
    `kubectl patch mutatingwebhookconfiguration {webhook} --type=json -p '{patch}'`,
    ANEW,
  ),
  'webhook-condition': wrong(
    'a matchCondition of the webhook configuration {webhook} keeps it away: {conditions}',
    `kubectl patch mutatingwebhookconfiguration {webhook} --type=json -p '{patch}'`,
    ANEW,
  ),
  'not-answered': wrong('the API server gets no answer from Pullpass: {problem}', CHECK),
  'not-asked': wrong('Pullpass is not asked, or does not answer: {problem}', CHECK),
  'key-missing': wrong(
    'the pull Secret lacks the key for {image}, and Pullpass has not mended it',
    'kubectl -n {own} logs deployment/{webhook} --all-pods --tail=-1 | grep "a pull Secret was not changed"',
  ),
  'secret-missing': wrong(
    'the pull Secret {pullSecret} is not in {namespace}, and Pullpass has not made it',
    'kubectl -n {own} logs deployment/{webhook} --all-pods --tail=-1 | grep "a pull Secret was not changed"',
  ),
  'login-expired': wrong(
    'the login of credential {credential} for {image} has expired; it comes from {where}',
    CHANGE_LOGIN,
    ANEW,
  ),
  'login-refused': wrong(
    'the registry does not take the login of credential {credential} for {image} ({result}); it comes from {where}',
    CHANGE_LOGIN,
    ANEW,
  ),
  'pull-refused': wrong(
    'the registry does not let the login of credential {credential} pull {image}: it may not read that repository, or is out of date',
    CHANGE_LOGIN,
  ),
  'pull-failing': wrong('{object} has what it needs of Pullpass, and its pull fails all the same: {problem}'),
  'could-not-tell': {
    is: 'unknown',
    says: 'why could not be told: {problem}',
    fix: [],
  },
} as const satisfies Readonly<Record<string, Advice>>;

export type AroundReason = keyof typeof AROUND_ADVICE;
export type Reason = ObjectReason | ImageReason | EnsureReason | RefuseReason | AroundReason;

export function adviceOn(reason: Reason): Advice {
  const all: Readonly<Record<string, Advice>> = {
    ...SECRET_ADVICE,
    ...AROUND_ADVICE,
    ...IMAGE_ADVICE,
    ...OBJECT_ADVICE,
  };
  return all[reason] ?? AROUND_ADVICE['could-not-tell'];
}

export type Names = Readonly<Record<string, string | undefined>>;

/** @returns undefined if a name is not known */
export function fill(text: string, names: Names): string | undefined {
  let complete = true;
  const filled = text.replace(/\{([a-zA-Z]+)\}/g, (_, name: string) => {
    const value = names[name];
    if (value === undefined || value === '') complete = false;
    return value ?? '';
  });
  return complete ? filled : undefined;
}
