// The API server itself, and who else is at work on Pods there. These are asked before an installation and after it.
import { otherPodWebhooks } from './competitors.ts';
import type { Facts } from './facts.ts';
import { type Check, cannotTell, count, type Finding, fail, ok, some, warn } from './finding.ts';

/** Minors of Kubernetes 1 that the tests run on; docs and chart say the same. */
export const SUPPORTED = { oldest: 30, newest: 37 } as const;

export const apiServer: Check<Pick<Facts, 'version'>> = {
  name: 'api-server',
  about: 'the API server answers, as whom the kubeconfig says',
  judge({ version }) {
    if (!('unavailable' in version)) return ok('the API server answers');
    return fail(`the API server cannot be asked: ${version.unavailable}`, { run: 'kubectl cluster-info' });
  },
};

export const kubernetesVersion: Check<Pick<Facts, 'version'>> = {
  name: 'kubernetes-version',
  about: `Kubernetes 1.${SUPPORTED.oldest} to 1.${SUPPORTED.newest}: an older one fails, a newer one is a warning`,
  judge({ version }) {
    if ('unavailable' in version) return [];
    if (!('found' in version)) return warn('cannot tell which Kubernetes it is: the API server does not say it');
    const minor = Number(/^v?1\.(\d+)/.exec(version.found)?.[1]);
    const range = `1.${SUPPORTED.oldest} to 1.${SUPPORTED.newest}`;
    if (Number.isNaN(minor)) return warn(`cannot tell which Kubernetes "${version.found}" is; ${range} is supported`);
    if (minor < SUPPORTED.oldest) return fail(`Kubernetes ${version.found} is too old; ${range} is supported`);
    if (minor > SUPPORTED.newest) return warn(`Kubernetes ${version.found} is newer than was tested; ${range} is`);
    return ok(`Kubernetes ${version.found}`);
  },
};

export const competition: Check<Facts> = {
  name: 'competition',
  about: 'nobody else is known to write `imagePullSecrets`; what is told by a name alone is said to be a guess',
  judge({ webhooks, competitors, asked }) {
    const others = otherPodWebhooks('found' in webhooks ? webhooks.found : [], asked.webhookConfiguration);
    const seen = [...others.named, ...competitors.flatMap((one) => ('found' in one ? one.found : []))];
    const findings: Finding[] = seen.map(({ what, guess }) =>
      warn(
        `${what} may write imagePullSecrets too${guess ? ' (a guess, by its name)' : ''}`,
        guess
          ? 'if it does, both go on working: Pullpass only adds to the list'
          : 'a mutation that sets the list instead of adding to it takes the pull Secret away again',
      ),
    );
    // All kinds of them, but one line: whoever may not list one mostly may not list the others.
    const unread = [webhooks, ...competitors].find((one) => !('found' in one) && !('absent' in one));
    if (unread !== undefined && !('found' in unread) && !('absent' in unread)) {
      findings.push(cannotTell('whether others write imagePullSecrets', unread));
    }
    if (findings.length > 0) return findings;
    const seeing =
      others.all === 0 ? '' : ` (${count(others.all, 'other webhook sees Pods', 'other webhooks see Pods')})`;
    return ok(`nobody else is known to write imagePullSecrets${seeing}`);
  },
};

/** The Secrets of the pull Secret's name that another installation or nobody's mark is on. Under a former name they are in nobody's way. */
export function foreignSecrets({ secrets, asked, settings }: Pick<Facts, 'secrets' | 'asked' | 'settings'>) {
  const all = 'found' in secrets ? secrets.found : [];
  const [, ...former] = settings.pullSecrets;
  return all.filter(({ instance, name }) => instance !== asked.namespace && !former.includes(name));
}

export function places(secrets: readonly { readonly namespace: string; readonly name: string }[]): string {
  return some(secrets.map(({ namespace, name }) => `${namespace}/${name}`));
}
