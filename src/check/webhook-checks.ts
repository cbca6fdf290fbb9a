// The webhook configuration: what the API server goes by when it decides whether to call, whom, and whether to trust the answer.
import { AKS_HINT } from './clouds.ts';
import type { FactsAfter } from './facts.ts';
import { applyAgain, type Check, cannotTell, fail, ok, some, warn } from './finding.ts';
import type { WebhookEntry } from './objects.ts';

/** The conditions of the chart. */
const KNOWN_CONDITIONS = ['not-a-mirror-pod', 'not-opted-out'];
const LEAST_TIMEOUT_S = 3;

export const WEBHOOK_CHECKS: readonly Check<FactsAfter>[] = [
  {
    name: 'webhook-configuration',
    about: 'the MutatingWebhookConfiguration is there and has an entry; without it nobody is asked about any Pod',
    judge({ webhook, asked }) {
      const name = asked.webhookConfiguration;
      const again = applyAgain(asked);
      if ('absent' in webhook)
        return fail(`there is no MutatingWebhookConfiguration ${name}: no Pod is looked at`, again);
      if (!('found' in webhook)) return cannotTell(`whether there is a MutatingWebhookConfiguration ${name}`, webhook);
      const entries = webhook.found.webhooks ?? [];
      if (entries.length === 0)
        return fail(`MutatingWebhookConfiguration ${name} has no entries: no Pod is looked at`, again);
      return ok(`MutatingWebhookConfiguration ${name} is there`);
    },
  },
  {
    name: 'webhook-target',
    about: "every entry calls the Service of Pullpass's own namespace, at `/mutate`",
    judge(facts) {
      const { namespace, service: name } = facts.asked;
      const wrong = entriesOf(facts).flatMap(({ clientConfig }) => {
        const { service, url } = clientConfig ?? {};
        if (service === undefined) return [`the address ${url ?? 'of nobody'}`];
        const path = service.path ?? '/';
        const isOurs = service.namespace === namespace && service.name === name && path === '/mutate';
        return isOurs ? [] : [`Service ${service.namespace}/${service.name} at ${path}`];
      });
      if (entriesOf(facts).length === 0) return [];
      if (wrong.length === 0) return ok(`it calls Service ${namespace}/${name}`);
      return fail(`it calls ${some(wrong)}, not Service ${namespace}/${name} at /mutate`, show(facts));
    },
  },
  {
    name: 'webhook-scope',
    about: 'its `namespaceSelector` and rules are those of the settings `namespaces` and `workloads`',
    judge(facts) {
      const { scopeDifferences, settings, asked } = facts;
      if (entriesOf(facts).length === 0) return [];
      if (scopeDifferences.length === 0) return ok('its rules and namespaceSelector agree with the settings');
      const again = applyAgain(asked);
      // Against settings that nobody confirmed, a difference may be meant.
      if (settings.from === 'defaults') {
        return scopeDifferences.map((text) =>
          warn(`compared with the defaults: ${text}`, 'no replica says its settings; name a file with --config'),
        );
      }
      return scopeDifferences.map((text) => fail(text, again));
    },
  },
  {
    name: 'webhook-settings',
    about:
      'its other settings are those that Pullpass needs: `sideEffects`, `reinvocationPolicy`, `timeoutSeconds`, conditions',
    judge(facts) {
      const entries = entriesOf(facts);
      if (entries.length === 0) return [];
      const findings = entries.flatMap(settingsOf).map((text) => warn(text, show(facts)));
      return findings.length > 0 ? findings : ok('its other settings are as they should be');
    },
  },
  {
    name: 'aks-enforcer',
    about: 'on AKS: its enforcer is told to leave the webhook configuration as it is',
    judge({ webhook, clouds }) {
      if (!clouds.seen.includes('AKS') || !('found' in webhook)) return [];
      const { labels, annotations } = webhook.found.metadata ?? {};
      const key = 'admissions.enforcer/disabled';
      if ((labels?.[key] ?? annotations?.[key]) === 'true') return ok('AKS leaves the webhook configuration as it is');
      return warn('AKS may rewrite the webhook configuration', AKS_HINT);
    },
  },
];

export function entriesOf({ webhook }: Pick<FactsAfter, 'webhook'>): readonly WebhookEntry[] {
  return 'found' in webhook ? (webhook.found.webhooks ?? []) : [];
}

function show({ asked }: FactsAfter): { readonly run: string } {
  return { run: `kubectl get mutatingwebhookconfiguration ${asked.webhookConfiguration} -o yaml` };
}

function settingsOf(entry: WebhookEntry): readonly string[] {
  const { sideEffects, reinvocationPolicy, timeoutSeconds = 10, admissionReviewVersions = [], objectSelector } = entry;
  const conditions = (entry.matchConditions ?? []).map(({ name = '' }) => name);
  const foreign = conditions.filter((name) => !KNOWN_CONDITIONS.includes(name));
  const selects = { ...objectSelector?.matchLabels, ...objectSelector?.matchExpressions };
  return [
    ...(sideEffects === 'None' || sideEffects === 'NoneOnDryRun'
      ? []
      : [`sideEffects ${sideEffects}: dry runs are refused`]),
    ...(reinvocationPolicy === 'IfNeeded'
      ? []
      : ['reinvocationPolicy is not IfNeeded: images of later sidecars are missed']),
    ...(timeoutSeconds < LEAST_TIMEOUT_S ? [`timeoutSeconds ${timeoutSeconds} leaves no time for a second try`] : []),
    ...(admissionReviewVersions.includes('v1') ? [] : ['admissionReviewVersions has no v1']),
    ...(Object.keys(selects).length > 0 ? ['an objectSelector keeps objects away'] : []),
    ...(foreign.length > 0
      ? [`matchConditions that are not of the chart may keep objects away: ${some(foreign)}`]
      : []),
  ];
}
