// The proof: a Pod that is never made, through the API server and back. When it comes back without the pull Secret, what the other
// checks found is named first, and only then what is a guess.
import { reachHints } from './clouds.ts';
import type { FactsAfter } from './facts.ts';
import { type Check, cannotTell, type Finding, fail, type Hint, ok, type Result, warn } from './finding.ts';
import type { Pod } from './objects.ts';

/** Of these checks, in this order: the first that failed is the likely cause. */
const CAUSES = [
  'webhook-configuration',
  'webhook-scope',
  'webhook-target',
  'service',
  'endpoints',
  'replicas',
  'certificate-expiry',
  'ca-bundle',
  'certificate-trusted',
  'replica-ready',
  'rights',
  'competition',
];

export const REACH_CHECKS: readonly Check<FactsAfter>[] = [
  {
    name: 'dry-run',
    about: 'a Pod with an image that a credential serves comes back from a dry run with the pull Secret in its list',
    judge(facts, before) {
      const { trial, settings } = facts;
      if ('nothing' in trial) return warn(`no Pod was tried: ${trial.nothing}`);
      if ('forbidden' in trial) return cannotTell('whether Pods are served', trial);
      if (!('namespace' in trial)) return cannotTell('whether Pods are served', trial);
      const { namespace, image } = trial;
      const where = `a Pod in ${namespace} with ${image}`;
      if ('unavailable' in trial) return fail(`${where} had no answer: ${trial.unavailable}`, ...causes(facts, before));
      if ('refused' in trial) return ofRefusal(facts, where, trial.refused, before);
      const listed = (trial.created as Pod).spec?.imagePullSecrets ?? [];
      const [name = ''] = settings.pullSecrets;
      if (listed.some((entry) => entry?.name === name)) return ok(`${where} gets the pull Secret`);
      return fail(`${where} does not get the pull Secret`, ...causes(facts, before));
    },
  },
];

function ofRefusal(
  facts: FactsAfter,
  where: string,
  { status, message }: { readonly status: number; readonly message: string },
  before: readonly Result[],
): Finding {
  // The API server names the webhook that it could not call, and says why.
  if (/failed calling webhook/.test(message)) {
    const isOurs = message.includes('pullpass');
    if (isOurs) return fail(`the API server cannot call Pullpass: ${wordsOf(message)}`, ...causes(facts, before));
  }
  const act = {
    verb: 'create',
    group: '',
    resource: 'pods',
    namespace: 'namespace' in facts.trial ? facts.trial.namespace : '',
  };
  if (status === 403 && /cannot create resource/.test(message))
    return cannotTell('whether Pods are served', { forbidden: act });
  return warn(`cannot tell whether Pods are served: ${where} is refused: ${message}`);
}

/** Behind the address that was called, which says nothing. */
function wordsOf(message: string): string {
  return /failed to call webhook: (?:Post "[^"]*": )?(.*)$/s.exec(message)?.[1] ?? message;
}

function causes(facts: FactsAfter, before: readonly Result[]): readonly Hint[] {
  const found = before
    .filter(({ state, check }) => state !== 'ok' && CAUSES.includes(check))
    .sort((a, b) => CAUSES.indexOf(a.check) - CAUSES.indexOf(b.check) || (a.state === 'fail' ? -1 : 1));
  const [first] = found;
  if (first !== undefined) return [`most likely because of what ${first.check} says`];
  const clouds = reachHints(facts.clouds);
  if (clouds.length > 0) return clouds;
  return [
    'nothing else is found wrong: mostly the control plane cannot reach the Pods; what the API server says of it:',
    { run: 'kubectl get --raw /metrics | grep admission_webhook_fail_open_count' },
  ];
}
