// Before an installation: whether it can be made, and what it would meet.
import { namespaceRefusal } from '../core/participation.ts';
import { AKS_HINT, OPENSHIFT_HINT, reachHints } from './clouds.ts';
import { foreignSecrets, places } from './cluster-checks.ts';
import type { FactsBefore } from './facts.ts';
import { type Check, cannotTell, count, fail, ok, some, warn } from './finding.ts';
import { canI } from './rights.ts';

const CHECKS: readonly Check<FactsBefore>[] = [
  {
    name: 'admission-policies',
    about: 'the API server knows ValidatingAdmissionPolicies, which hold Pullpass to what it does',
    judge({ admissionResources }) {
      if ('absent' in admissionResources) return fail('the API server has no admissionregistration.k8s.io/v1');
      if (!('found' in admissionResources)) return cannotTell('which kinds the API server knows', admissionResources);
      if (admissionResources.found.includes('validatingadmissionpolicies'))
        return ok('ValidatingAdmissionPolicies are there');
      return fail(
        'the API server has no ValidatingAdmissionPolicies',
        'install without them: set the value `policies.ownWrites.enabled: false`',
      );
    },
  },
  {
    name: 'install-rights',
    about: 'you may make what the chart makes, and give Pullpass the rights that it needs',
    judge({ cannotInstall, cannotGrant }) {
      if ('absent' in cannotInstall || 'absent' in cannotGrant) return [];
      if (!('found' in cannotInstall)) return cannotTell('whether you may install', cannotInstall);
      if (!('found' in cannotGrant)) return cannotTell('whether you may install', cannotGrant);
      const commands = cannotInstall.found.map((act) => ({ run: `kubectl auth can-i ${canI(act)}` }));
      if (cannotInstall.found.length > 0) {
        const kinds = some(
          cannotInstall.found.map(({ resource }) => resource),
          6,
        );
        return fail(
          `you may not create ${kinds}`,
          'ask an administrator of the cluster to install it',
          ...commands.slice(0, 2),
        );
      }
      const [first, ...others] = cannotGrant.found;
      if (first === undefined) return ok('you may make all that the chart makes');
      return fail(
        `you may not give Pullpass rights that you have not: ${canI(first)}${others.length > 0 ? `, and ${others.length} more` : ''}`,
        'an administrator of the cluster may',
      );
    },
  },
  {
    name: 'other-installation',
    about: 'no Pullpass is there yet, and nothing is left over from one',
    judge({ webhooks, clusterRole, service, asked }) {
      if (!('found' in webhooks)) {
        return 'absent' in webhooks ? [] : cannotTell('whether another Pullpass is there', webhooks);
      }
      const ours = webhooks.found.flatMap(({ metadata, webhooks: entries }) =>
        (entries ?? [])
          .filter(({ name }) => name === 'inject.pullpass.dev')
          .map(({ clientConfig }) => ({ name: metadata?.name ?? '', at: clientConfig?.service?.namespace ?? 'a URL' })),
      );
      const [other] = ours.filter(({ at }) => at !== asked.namespace);
      if (other !== undefined) {
        return warn(
          `another Pullpass is installed in ${other.at} (MutatingWebhookConfiguration ${other.name})`,
          'give each its own `namespaces` and `pullSecret.name`, or they refuse each other',
        );
      }
      const [own] = ours;
      if (own !== undefined && 'absent' in service) {
        return warn(`MutatingWebhookConfiguration ${own.name} is left over: it calls a Service that is not there`, {
          run: `kubectl delete mutatingwebhookconfiguration ${own.name}`,
        });
      }
      if (own !== undefined)
        return warn(`Pullpass is installed in ${asked.namespace} already`, { run: 'pullpass check' });
      if ('found' in clusterRole) {
        return warn(`ClusterRole ${asked.webhookConfiguration} is there already; helm refuses what it did not make`, {
          run: `kubectl describe clusterrole ${asked.webhookConfiguration}`,
        });
      }
      return ok('no other Pullpass, and nothing left over from one');
    },
  },
  {
    name: 'foreign-secrets',
    about: "no Secret has the pull Secret's name: one that is not ours is never touched, and its namespace not served",
    judge(facts) {
      const { secrets, settings } = facts;
      const [name = ''] = settings.pullSecrets;
      if (!('found' in secrets)) {
        return 'absent' in secrets ? [] : cannotTell(`whether Secrets are named ${name} already`, secrets);
      }
      const foreign = foreignSecrets(facts);
      if (foreign.length === 0) return ok(`no Secret is named ${name} already`);
      return warn(
        `${count(foreign.length, 'Secret')} of the pull Secret's name that no Pullpass of ${facts.asked.namespace} made: ${places(foreign)}`,
        'Pullpass never touches them and does not serve those namespaces: rename them, or set another `pullSecret.name`',
      );
    },
  },
  {
    name: 'labelled-namespaces',
    about: 'always: it says which namespaces take part from the first moment',
    judge({ namespaces, settings, asked }) {
      if (!('found' in namespaces))
        return 'absent' in namespaces ? [] : cannotTell('which namespaces take part', namespaces);
      const by = { namespaces: settings.namespaces, own: asked.namespace };
      const part = namespaces.found.filter(({ name, labels }) => namespaceRefusal(name, labels, by) === undefined);
      if (part.length === 0) return ok('no namespace takes part yet');
      return ok(
        `${count(part.length, 'namespace takes', 'namespaces take')} part from the start: ${some(part.map(({ name }) => name))}`,
      );
    },
  },
  {
    name: 'cloud',
    about: 'no peculiarity of GKE, AKS, EKS or OpenShift is seen that wants a value of the chart',
    judge({ clouds }) {
      const [first, ...others] = [
        ...reachHints(clouds),
        ...(clouds.seen.includes('OpenShift') ? [OPENSHIFT_HINT] : []),
      ];
      if (first !== undefined) return warn(`this looks like ${clouds.seen.join(' and ')}`, first, ...others);
      if (clouds.seen.length === 0) return [];
      const aks = clouds.seen.includes('AKS') ? `: ${AKS_HINT}` : '';
      return ok(`this looks like ${clouds.seen.join(' and ')}${aks}`);
    },
  },
  {
    name: 'configuration-file',
    about: 'the file of `--config` is one that Pullpass would take',
    judge({ configuration }) {
      if (configuration === undefined) return [];
      const { file, problems } = configuration;
      const [first, ...others] = problems;
      if (first === undefined) return ok(`${file} is good`);
      return fail(`${file} would be refused: ${first}`, ...others);
    },
  },
];

export const BEFORE_CHECKS = CHECKS;
