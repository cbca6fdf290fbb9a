// The namespaces that take part: whether there are any, and whether their pull Secrets and Pods are as they should be.
import { namespaceRefusal } from '../core/participation.ts';
import { foreignSecrets, places } from './cluster-checks.ts';
import { type FactsAfter, statusOf } from './facts.ts';
import { type Check, cannotTell, count, type Finding, fail, ok, some, warn } from './finding.ts';

export const NAMESPACE_CHECKS: readonly Check<FactsAfter>[] = [
  {
    name: 'namespaces',
    about: 'a namespace takes part',
    judge(facts) {
      const { namespaces } = facts;
      const takingPart = statusOf(facts)?.sync?.takingPart ?? partOf(facts)?.length;
      if (takingPart === undefined) {
        return 'found' in namespaces || 'absent' in namespaces
          ? []
          : cannotTell('which namespaces take part', namespaces);
      }
      if (takingPart > 0) return ok(`${count(takingPart, 'namespace takes', 'namespaces take')} part`);
      return warn('no namespace takes part, so no Pod is served', labelCommand(facts));
    },
  },
  {
    name: 'foreign-secrets',
    about:
      "in no namespace that takes part stands a Secret of the pull Secret's name that is not ours, or one that cannot be written whole",
    judge(facts) {
      const { secrets } = facts;
      const refused = (statusOf(facts)?.sync?.namespaces ?? []).filter((one) => one.refused !== undefined);
      const large = refused.filter((one) => one.refused === 'too-large').map(({ name }) => name);
      const findings: Finding[] = [];
      if (large.length > 0) {
        findings.push(
          fail(
            `the pull Secret of ${some(large)} would be too large, so it stays as it is`,
            'narrow credentials with `namespaces`',
          ),
        );
      }
      const part = new Set([
        ...(partOf(facts) ?? []),
        ...refused.filter((one) => one.refused === 'foreign').map(({ name }) => name),
      ]);
      const foreign = foreignSecrets(facts).filter(({ namespace }) => part.has(namespace));
      const [first] = foreign;
      if (first !== undefined) findings.push(ofForeign(foreign, first));
      if (findings.length > 0) return findings;
      if ('found' in secrets) return ok("no Secret of the pull Secret's name is in its way");
      return 'absent' in secrets ? [] : cannotTell('whether other Secrets are in the way', secrets);
    },
  },
  {
    name: 'writes',
    about: 'no write of a pull Secret failed when it was last tried',
    judge(facts) {
      const failed = (statusOf(facts)?.sync?.namespaces ?? []).filter((one) => one.failed !== undefined);
      const [first] = failed;
      if (first !== undefined) {
        return warn(
          `the pull Secret of ${some(failed.map(({ name }) => name))} could not be written: ${first.failed}`,
          {
            run: `kubectl -n ${first.name} get secrets,resourcequotas`,
          },
        );
      }
      return statusOf(facts)?.sync === undefined ? [] : ok('every pull Secret could be written');
    },
  },
  {
    name: 'missed-pods',
    about: 'no Pod waits that was made without the pull Secret: its list cannot be changed any more',
    judge(facts) {
      const sync = statusOf(facts)?.sync;
      if (sync === undefined) return [];
      const missed = sync.namespaces.flatMap(({ name, missedPods }) =>
        missedPods.map((pod) => ({ namespace: name, name: pod })),
      );
      const [first] = missed;
      if (first === undefined) return ok('no Pod was missed');
      const number = sync.namespaces.reduce(
        (sum, { missedPods, moreMissedPods }) => sum + missedPods.length + moreMissedPods,
        0,
      );
      return warn(
        `${count(number, 'Pod lacks', 'Pods lack')} the pull Secret and ${number === 1 ? 'waits' : 'wait'}: ${places(missed)}`,
        'they were made while nobody answered, and must be made anew; how, says:',
        { run: `pullpass explain pod/${first.name} -n ${first.namespace}` },
      );
    },
  },
  {
    name: 'held-removals',
    about: 'no removal of pull Secrets waits for a confirmation',
    judge(facts) {
      const sync = statusOf(facts)?.sync;
      if (sync === undefined) return [];
      if (sync.held === 0) return ok('no removal waits for a confirmation');
      return warn(
        `${count(sync.held, 'removal')} of pull Secrets wait for a confirmation, as that many look like a mistake`,
        ...(sync.confirm === undefined ? [] : [{ run: sync.confirm }]),
      );
    },
  },
];

function ofForeign(
  foreign: readonly { readonly namespace: string; readonly name: string }[],
  first: (typeof foreign)[number],
): Finding {
  return fail(
    `${count(foreign.length, 'Secret')} of the pull Secret's name ${foreign.length === 1 ? 'is' : 'are'} not ours, so nothing is served there: ${places(foreign)}`,
    'look whose it is, then rename or delete it, or set another `pullSecret.name`:',
    { run: `kubectl -n ${first.namespace} describe secret ${first.name}` },
  );
}

/** By our own look at the namespaces; undefined: they could not be read. */
function partOf({ namespaces, settings, asked }: FactsAfter): readonly string[] | undefined {
  if (!('found' in namespaces)) return undefined;
  const by = { namespaces: settings.namespaces, own: asked.namespace };
  return namespaces.found
    .filter(({ name, labels }) => namespaceRefusal(name, labels, by) === undefined)
    .map(({ name }) => name);
}

/** With one label it is a command, else the selector has to be read. */
export function labelCommand({ settings: { namespaces } }: Pick<FactsAfter, 'settings'>) {
  const labels = Object.entries(namespaces.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  if (labels.length > 0 && (namespaces.matchExpressions ?? []).length === 0) {
    return { run: `kubectl label namespace NAMESPACE ${labels.join(' ')}` };
  }
  return 'give namespaces the labels that the setting `namespaces` selects';
}
