// What a replica says of itself, its configuration and its credentials.
import type { CredentialStatus, ReplicaStatus, StatusProblem } from '../core/replica-status.ts';
import { dateOf } from './certificate-checks.ts';
import { type FactsAfter, statusOf } from './facts.ts';
import { type Check, count, type Finding, fail, ok, some, warn } from './finding.ts';

const MINUTE_MS = 60_000;
const LATE_PASS_MS = 5 * MINUTE_MS;
/** Of the life of a login: programs are asked again long before. */
const SOON = 0.1;
const REFUSED_BY_REGISTRY = ['refused', 'held-back', 'token-refused'];
const WELL = ['accepted', 'no-challenge'];

type OfStatus = Pick<FactsAfter, 'replica' | 'asked' | 'now'>;

/** Checks that are silent where no replica can be asked, which `replica-status` says once. */
function withStatus(
  name: string,
  about: string,
  judge: (status: ReplicaStatus, facts: OfStatus) => Finding | readonly Finding[],
): Check<FactsAfter> {
  return {
    ...{ name, about },
    judge(facts) {
      const status = statusOf(facts);
      return status === undefined ? [] : judge(status, facts);
    },
  };
}

export const STATUS_CHECKS: readonly Check<FactsAfter>[] = [
  {
    name: 'replica-status',
    about: 'the elected replica can be asked, through a port-forward; without it what only it knows is not checked',
    judge({ replica }) {
      if ('status' in replica) return ok(`${replica.pod} answers`);
      return warn(`no replica can be asked about credentials and namespaces: ${replica.unavailable}`);
    },
  },
  withStatus('replica-ready', 'the replica that was asked waits for nothing', ({ notReady }, { asked }) => {
    if (notReady === undefined) return ok('it is ready');
    return fail(`the replica is not ready: ${notReady}`, {
      run: `kubectl -n ${asked.namespace} logs deployment/${asked.service}`,
    });
  }),
  withStatus(
    'configuration',
    'the configuration file that is there now is in force',
    ({ refusedConfiguration }, { asked }) => {
      const [first, ...others] = refusedConfiguration;
      if (first === undefined) return ok('the configuration is in force');
      return fail(
        `the configuration file is refused, and the one before stays in force: ${first}`,
        ...others,
        'mend it in the values, and look at it before:',
        { run: `pullpass check --pre --config FILE -n ${asked.namespace}` },
      );
    },
  ),
  withStatus(
    'sync',
    'a replica is elected, and looked at all namespaces within five minutes',
    ({ sync }, { asked, now }) => {
      const lease = { run: `kubectl -n ${asked.namespace} get lease pullpass -o yaml` };
      if (sync === undefined) return warn('the replica that answers is not the elected one, which syncs', lease);
      if (sync.lastPass === undefined) return warn('the elected replica has not looked at all namespaces yet', lease);
      const minutes = Math.floor((now - sync.lastPass) / MINUTE_MS);
      if (now - sync.lastPass < LATE_PASS_MS) return ok('a replica is elected, and syncs');
      return fail(`sync has stopped: the last pass was ${count(minutes, 'minute')} ago`, lease);
    },
  ),
];

export const CREDENTIAL_CHECKS: readonly Check<FactsAfter>[] = [
  withStatus('credentials', 'there is a credential', ({ credentials }, { asked: { namespace } }) => {
    if (credentials.length > 0) return ok(`${count(credentials.length, 'credential')}`);
    return warn(
      'there is no credential yet, so no image is served',
      {
        run: `kubectl -n ${namespace} create secret docker-registry NAME --docker-server=REGISTRY --docker-username=USER --docker-password=TOKEN`,
      },
      { run: `kubectl -n ${namespace} label secret NAME pullpass.dev/credential=enabled` },
    );
  }),
  withStatus(
    'credential-problems',
    'no credential is refused, without a login, shadowed, leaving, or of a source that cannot be read',
    ({ credentials, problems }, { asked }) => {
      const all = [...problems, ...credentials.flatMap((credential) => credential.problems)];
      const findings = all.map((one) => ofProblem(one, asked.namespace));
      return findings.length > 0 ? findings : credentials.length > 0 ? ok('no credential has a problem') : [];
    },
  ),
  withStatus('logins', 'no login has expired, nor is about to', ({ credentials }, { now }) => {
    const findings = credentials.flatMap((credential) => ofLogins(credential, now));
    if (findings.length > 0 || credentials.length === 0) return findings;
    return ok('no login has expired');
  }),
  withStatus('login-health', 'no registry refuses a login, where `credentialHealth` has them tried', (status) => {
    if (!status.settings.credentialHealth) return ok('logins are not tried: `credentialHealth` is off');
    const tried = status.credentials.flatMap(({ name, where, health }) =>
      health.map((one) => ({ ...one, name, where })),
    );
    const findings = tried
      .filter(({ result }) => !WELL.includes(result))
      .map(({ name, where, host, result }) =>
        REFUSED_BY_REGISTRY.includes(result)
          ? fail(`${host} does not take the login of ${name}: ${result}`, `give it another login (${where})`)
          : warn(`whether ${host} takes the login of ${name} is not known: ${result}`),
      );
    return findings.length > 0 ? findings : ok(`${count(tried.length, 'login')} tried, none refused`);
  }),
];

function ofProblem({ kind, credential, where, problem }: StatusProblem, namespace: string): Finding {
  const which = credential === '' ? where : `credential ${credential}`;
  const secret = /^Secret (\S+)$/.exec(where)?.[1];
  const hint = secret === undefined ? where : { run: `kubectl -n ${namespace} describe secret ${secret}` };
  if (kind === 'refused' || kind === 'no-login')
    return fail(`${which} is ${kind === 'refused' ? 'refused' : 'without a login'}: ${problem}`, hint);
  if (kind === 'source') return warn(`${which}: its source cannot be read: ${problem}`, hint);
  if (kind === 'leaving') return warn(`${which} is leaving: ${problem}`);
  return warn(`${which} is ${kind}: ${problem}`, hint);
}

function ofLogins({ name, where, patterns }: CredentialStatus, now: number): readonly Finding[] {
  const expired = patterns.filter(({ expires }) => expires !== undefined && expires <= now);
  const soon = patterns.filter(({ expires, obtained }) => {
    if (expires === undefined || expires <= now) return false;
    return expires - now < SOON * (expires - (obtained ?? expires - 10 * 60 * MINUTE_MS));
  });
  const texts = (list: typeof patterns): string => some(list.map(({ text }) => text));
  const ends = (list: typeof patterns): string => dateOf(Math.min(...list.map(({ expires = 0 }) => expires)));
  return [
    ...(expired.length > 0
      ? [
          fail(
            `the login of ${name} for ${texts(expired)} expired on ${ends(expired)}`,
            `see why its source gives no other: ${where}`,
          ),
        ]
      : []),
    ...(soon.length > 0
      ? [warn(`the login of ${name} for ${texts(soon)} expires on ${ends(soon)}, and no other came yet`, where)]
      : []),
  ];
}
