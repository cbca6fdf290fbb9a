// The rights of Pullpass's own ServiceAccount, asked of the API server one by one: what RBAC says is less than what is in force.
import type { FactsAfter } from './facts.ts';
import { applyAgain, type Check, cannotTell, type Finding, fail, ok, warn } from './finding.ts';
import type { Act } from './ports.ts';
import { describeActs, type Right, SERVE_RIGHTS } from './rights.ts';

export const RIGHTS_CHECKS: readonly Check<FactsAfter>[] = [
  {
    name: 'rights',
    about:
      'the ServiceAccount may do all that `pullpass serve` does; to ask takes the right to create SubjectAccessReviews',
    judge(facts) {
      const { missingRights, own, asked } = facts;
      if ('absent' in missingRights || 'absent' in own) return [];
      if (!('found' in missingRights)) return cannotTell('whether Pullpass has its rights', missingRights);
      const missing = SERVE_RIGHTS.flatMap((right) => {
        const acts = missingRights.found.filter((act) => isOf(right, act));
        return acts.length > 0 ? [{ right, acts }] : [];
      });
      const account = `ServiceAccount ${asked.serviceAccount}`;
      if (missing.length === 0) return ok(`${account} has all rights that Pullpass needs`);
      // Some rules are not asked about where nothing needs them.
      if (missing.length >= SERVE_RIGHTS.filter(({ when }) => when === undefined).length) {
        const other = 'if the replicas have another ServiceAccount, name it with --service-account; else:';
        return fail(`${account} has none of the rights that Pullpass needs`, other, applyAgain(asked));
      }
      return missing.map(({ right, acts }, i) => ofRule(facts, right, acts, i === 0));
    },
  },
];

/** Acts that came out of this rule carry it; see `actsOf`. */
function isOf(right: Right, act: Act): boolean {
  return 'right' in act && act.right === right;
}

function ofRule({ ca, asked }: FactsAfter, right: Right, acts: readonly Act[], isFirst: boolean): Finding {
  // Where there is no CA of our own, that may be meant.
  const isMeant = right.when === 'own-ca' && !('found' in ca);
  const text = `Pullpass may not ${describeActs(acts)}: ${right.without}`;
  const rule = `or the rule of examples/rbac.yaml, bound to system:serviceaccount:${asked.namespace}:${asked.serviceAccount}`;
  const hints = isFirst ? [applyAgain(asked), rule] : [];
  return isMeant ? warn(`${text}, unless \`certificate.files\` is set`, ...hints) : fail(text, ...hints);
}
