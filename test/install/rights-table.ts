// Which probe fails without which right. A right that no probe needs would be one too many, so this table names all that the chart
// renders, with `pullSecret.formerNames` and `missedPods.repair: restart`, and no other.
import type { ProbeName } from './rights-probes.ts';
import { FORMER, PLACE, PULL_SECRET } from './rights-site.ts';

/** By what a rule is about, and the verb. */
export const PROBE_FOR: Readonly<Record<string, Readonly<Record<string, ProbeName>>>> = {
  'cluster: namespaces': {
    get: 'a review of a namespace that takes no part is answered',
    list: 'it becomes ready',
    watch: 'a namespace that takes part no more loses its pull Secret',
  },
  'cluster: serviceaccounts': {
    get: 'a template is served before its ServiceAccount is made',
    list: 'it becomes ready',
    watch: 'a ServiceAccount that gains a Secret keeps it for its Pods',
  },
  [`cluster: secrets ${PULL_SECRET}`]: {
    get: 'a login that no source gives just now is carried over',
    list: 'it becomes ready',
    watch: 'a deleted pull Secret comes back',
    create: 'a fresh namespace gets its pull Secret before its Pod',
    patch: 'a fresh namespace gets its pull Secret before its Pod',
    delete: 'a namespace that takes part no more loses its pull Secret',
  },
  [`cluster: secrets ${FORMER}`]: {
    get: 'a pull Secret of a former name that nothing can follow is kept true',
    list: 'a pull Secret of a former name goes when another follows it',
    watch: 'a pull Secret that comes up under a former name goes',
    create: 'a pull Secret of a former name, and of another type, is made anew',
    patch: 'a pull Secret of a former name that nothing can follow is kept true',
    delete: 'a pull Secret of a former name goes when another follows it',
  },
  'cluster: pods': {
    list: 'a missed Pod is reported by an Event',
    delete: 'a stuck missed Pod is made anew',
  },
  'cluster: events': { create: 'a missed Pod is reported by an Event' },
  [`cluster: mutatingwebhookconfigurations ${PLACE}`]: {
    get: 'a caBundle that the API server does not take is said to be refused',
    list: 'its CA is in the webhook configuration',
    watch: 'a caBundle that somebody empties is filled again',
    patch: 'its CA is in the webhook configuration',
  },
  'own namespace: secrets': {
    list: 'it becomes ready',
    watch: 'a changed login is taken',
  },
  'own namespace: secrets pullpass-logins': {
    create: 'the logins are kept',
    patch: 'the logins are kept',
  },
  'own namespace: secrets pullpass-ca': {
    get: 'it becomes ready',
    create: 'its CA is kept in a Secret',
    patch: 'its CA is kept in a Secret',
  },
  'own namespace: leases': { create: 'a replica is elected' },
  'own namespace: leases pullpass': {
    get: 'a replica is elected',
    update: 'the elected replica renews its Lease',
  },
};
