// Every check in the order of the page: what others depend on comes first, so that the first failure is mostly the cause of the rest.
import { BEFORE_CHECKS } from './before-checks.ts';
import { CERTIFICATE_CHECKS } from './certificate-checks.ts';
import { apiServer, competition, kubernetesVersion } from './cluster-checks.ts';
import { CREDENTIAL_CHECKS, STATUS_CHECKS } from './credential-checks.ts';
import type { Facts, FactsAfter, FactsBefore } from './facts.ts';
import type { Check, Group } from './finding.ts';
import { NAMESPACE_CHECKS } from './namespace-checks.ts';
import { REACH_CHECKS } from './reach-checks.ts';
import { REPLICA_CHECKS } from './replica-checks.ts';
import { RIGHTS_CHECKS } from './rights-checks.ts';
import { WEBHOOK_CHECKS } from './webhook-checks.ts';

/** Without an API server there is nothing else to judge. */
export const FIRST: Group<Pick<Facts, 'version'>> = { title: 'API server', checks: [apiServer, kubernetesVersion] };

export const BEFORE: readonly Group<FactsBefore>[] = [
  FIRST,
  { title: 'Installation', checks: BEFORE_CHECKS },
  { title: 'Others', checks: [competition as Check<FactsBefore>] },
];

export const AFTER: readonly Group<FactsAfter>[] = [
  FIRST,
  { title: 'Replicas', checks: REPLICA_CHECKS },
  { title: 'Webhook configuration', checks: WEBHOOK_CHECKS },
  { title: 'Certificate', checks: CERTIFICATE_CHECKS },
  { title: 'Rights', checks: RIGHTS_CHECKS },
  { title: 'Status', checks: STATUS_CHECKS },
  { title: 'Credentials', checks: CREDENTIAL_CHECKS },
  { title: 'Namespaces', checks: NAMESPACE_CHECKS },
  { title: 'Others', checks: [competition as Check<FactsAfter>] },
  { title: 'End to end', checks: REACH_CHECKS },
];
