// The replicas and the Service in front of them: whether there is anybody to ask.
import { OPENSHIFT_HINT } from './clouds.ts';
import type { FactsAfter } from './facts.ts';
import { applyAgain, type Check, cannotTell, count, fail, ok, some, warn } from './finding.ts';
import type { Pod } from './objects.ts';

export const LABELS = 'app.kubernetes.io/name=pullpass';

export const REPLICA_CHECKS: readonly Check<FactsAfter>[] = [
  {
    name: 'own-namespace',
    about: "Pullpass's own namespace is there",
    judge({ own, asked: { namespace } }) {
      if ('found' in own) return ok(`namespace ${namespace} is there`);
      if (!('absent' in own)) return cannotTell(`whether namespace ${namespace} is there`, own);
      return fail(
        `there is no namespace ${namespace}`,
        'if Pullpass runs in another one, name it with --namespace; else install it:',
        { run: `helm install pullpass charts/pullpass -n ${namespace} --create-namespace --wait` },
      );
    },
  },
  {
    name: 'replicas',
    about: `all Pods with the label \`${LABELS}\` are ready`,
    judge({ pods, own, clouds, asked: { namespace } }) {
      if ('absent' in own) return [];
      if (!('found' in pods)) return 'absent' in pods ? [] : cannotTell('which replicas run', pods);
      const living = pods.found.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
      const ready = living.filter(isReady);
      const openShift = clouds.seen.includes('OpenShift') ? [OPENSHIFT_HINT] : [];
      if (living.length === 0) {
        return fail(
          `no Pod of Pullpass runs in ${namespace}`,
          { run: `kubectl -n ${namespace} get deployments,replicasets,events` },
          ...openShift,
        );
      }
      const text = `${ready.length} of ${living.length} replicas ready`;
      if (ready.length === living.length) return ok(text);
      const why = [...new Set(living.flatMap(reasonOf))];
      const judge = ready.length === 0 ? fail : warn;
      return judge(why.length > 0 ? `${text}: ${some(why)}` : text, {
        run: `kubectl -n ${namespace} describe pods -l ${LABELS}`,
      });
    },
  },
  {
    name: 'service',
    about: 'the Service that the webhook configuration calls is there, with the port that it calls',
    judge({ service, webhook, own, asked }) {
      const { namespace, service: name } = asked;
      if ('absent' in own) return [];
      if ('absent' in service) {
        return fail(`there is no Service ${name}, so the API server calls nobody`, applyAgain(asked));
      }
      if (!('found' in service)) return cannotTell(`whether there is a Service ${name}`, service);
      const { type, externalName, ports = [] } = service.found.spec ?? {};
      if (type === 'ExternalName') return ok(`Service ${name} leads out of the cluster, to ${externalName}`);
      const called = 'found' in webhook ? (webhook.found.webhooks ?? []).map(calledPort) : [];
      const missing = called.find((port) => !ports.some((one) => one.port === port));
      if (missing === undefined) return ok(`Service ${name} is there`);
      return fail(
        `the webhook configuration calls port ${missing} of Service ${name}, which has ${ports.map(({ port }) => port).join(', ') || 'none'}`,
        { run: `kubectl -n ${namespace} get service ${name} -o yaml` },
      );
    },
  },
  {
    name: 'endpoints',
    about: 'the Service has ready endpoints on that port; one that leads out of the cluster has none to look at',
    judge(facts) {
      const { service, slices, asked } = facts;
      if (!('found' in service) || service.found.spec?.type === 'ExternalName') return [];
      if (!('found' in slices))
        return 'absent' in slices ? [] : cannotTell('whether the Service has endpoints', slices);
      const ready = slices.found
        .filter(({ ports }) => (ports ?? []).length > 0)
        .flatMap(({ endpoints }) => endpoints ?? [])
        .filter(({ conditions }) => conditions?.ready !== false).length;
      if (ready > 0) return ok(`Service ${asked.service} has ${count(ready, 'ready endpoint')}`);
      return fail(
        `Service ${asked.service} has no ready endpoint, so the API server reaches nobody`,
        ...whyNone(facts),
      );
    },
  },
  {
    name: 'failure-policy',
    about: '`failurePolicy: Fail` goes with two replicas at least, or a restart keeps Pods from being made',
    judge({ webhook, pods }) {
      if (!('found' in webhook) || !('found' in pods)) return [];
      const fails = (webhook.found.webhooks ?? []).some(({ failurePolicy }) => failurePolicy !== 'Ignore');
      const ready = pods.found.filter(isReady).length;
      if (!fails) return ok('failurePolicy Ignore: what nobody looks at is let through');
      if (ready > 1) return ok(`failurePolicy Fail, with ${count(ready, 'replica')}`);
      return warn(
        `failurePolicy Fail with ${count(ready, 'ready replica')}: while none answers, no Pod is made where namespaces take part`,
        'set the value `replicas` to 2 or more: charts/pullpass/values-ha.yaml',
      );
    },
  },
];

function calledPort(entry: { readonly clientConfig?: { readonly service?: { readonly port?: number } } }): number {
  return entry.clientConfig?.service?.port ?? 443;
}

export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;
}

function reasonOf({ status }: Pod): readonly string[] {
  const unscheduled = status?.conditions?.find((one) => one.type === 'PodScheduled' && one.status === 'False');
  const waiting = (status?.containerStatuses ?? []).flatMap(({ state }) => state?.waiting?.reason ?? []);
  return unscheduled === undefined ? waiting : [`not scheduled: ${unscheduled.message ?? 'no node fits'}`];
}

/** A Service that selects none of the Pods that run, or Pods that are not ready. */
function whyNone({ service, pods, asked: { namespace, service: name } }: FactsAfter) {
  const look = { run: `kubectl -n ${namespace} get endpointslices -l kubernetes.io/service-name=${name}` };
  if (!('found' in pods) || !('found' in service)) return [look];
  const selector = Object.entries(service.found.spec?.selector ?? {});
  const isSelected = ({ metadata }: Pod): boolean =>
    selector.length > 0 && selector.every(([key, value]) => metadata?.labels?.[key] === value);
  if (pods.found.length === 0 || pods.found.some(isSelected)) return [look];
  const text = selector.map(([key, value]) => `${key}=${value}`).join(',') || 'nothing';
  return [`it selects none of the Pods that run: its selector is ${text}`, look];
}
