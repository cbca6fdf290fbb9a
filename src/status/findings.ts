// What is wrong, or may be, in the status of a replica, each in a sentence that says what to do: the part that people read first, and
// what the exit code of `--exit-code` goes by. Pure.
import { REFUSE_REASONS } from '../core/reason.ts';
import type {
  CredentialStatus,
  NamespaceStatus,
  PatternStatus,
  ReplicaStatus,
  StatusProblem,
} from '../core/replica-status.ts';
import { HEALTH_RESULTS } from '../registry/try-login.ts';
import { untilText } from './time-text.ts';

export interface Finding extends Subject {
  /** wrong: somebody should do something. doubtful: it may be meant, or pass. */
  readonly level: 'wrong' | 'doubtful';
  readonly text: string;
  /** That mends it, or shows more. */
  readonly command?: string;
}

/** What it is about. */
interface Subject {
  readonly topic: 'replica' | 'credentials' | 'namespaces';
  /** Of the credential or namespace. */
  readonly name?: string;
  /** For people. */
  readonly about: string;
}

const DOUBTFUL_KINDS: ReadonlySet<string> = new Set(['shadowed', 'leaving']);
const GOOD_RESULTS: ReadonlySet<string> = new Set(['accepted', 'no-challenge']);
/** The registry could not be asked, which says nothing about the login. */
const OPEN_RESULTS: ReadonlySet<string> = new Set(['timeout', 'unreachable', 'tls', 'rate-limited', 'unexpected']);
/** A login is renewed when a third of its life is left; with less than this somebody should look. */
const LATE_SHARE = 1 / 4;
/** Where nobody said how long its life is. */
const LATE_MS = 3_600_000;

export function findingsOf(status: ReplicaStatus, now: number): readonly Finding[] {
  return [
    ...ofReplica(status),
    ...ofRemovals(status),
    ...status.problems.map(ofProblem),
    ...status.credentials.flatMap((credential) => ofCredential(credential, now)),
    ...(status.sync?.namespaces ?? []).flatMap((namespace) => ofNamespace(namespace, status)),
  ];
}

/** Absent or expired, or close to that. */
export function isLate({ obtained, expires }: PatternStatus, now: number): boolean {
  if (expires === undefined) return false;
  const late = obtained === undefined ? LATE_MS : (expires - obtained) * LATE_SHARE;
  return expires - now < late;
}

export function isBadResult(result: string): boolean {
  return !GOOD_RESULTS.has(result) && !OPEN_RESULTS.has(result);
}

function ofReplica(status: ReplicaStatus): readonly Finding[] {
  const { notReady, certificate, settings, refusedConfiguration, webhookDifferences } = status;
  const wrong = (about: string, text: string, command?: string): Finding => ({
    ...{ level: 'wrong', topic: 'replica', about, text },
    ...(command !== undefined && { command }),
  });
  const name = settings.webhookConfiguration;
  const distrust = `the webhook configuration "${name}" does not trust the one in use, so the API server cannot call`;
  return [
    ...(notReady === undefined
      ? []
      : [wrong('replica', `not ready: ${notReady}`, `kubectl -n ${settings.own} get pods`)]),
    ...(certificate.expires === undefined ? [wrong('certificate', 'there is none yet')] : []),
    ...(certificate.expires === undefined || certificate.trusted
      ? []
      : [wrong('certificate', distrust, `kubectl get mutatingwebhookconfiguration ${name} -o yaml`)]),
    ...refusedConfiguration.map((problem) => wrong('configuration', `refused, the one before is in force: ${problem}`)),
    ...webhookDifferences.map((problem) => wrong('webhook', problem)),
  ];
}

function ofRemovals({ sync }: ReplicaStatus): readonly Finding[] {
  if (sync === undefined || sync.held === 0) return [];
  const text = `${sync.held} pull Secrets would be deleted or emptied, more than is likely meant, so none is; if it is meant`;
  const finding = { level: 'wrong', topic: 'namespaces', about: 'removals', text } as const;
  return [{ ...finding, ...(sync.confirm !== undefined && { command: sync.confirm }) }];
}

function ofProblem({ kind, credential, where, problem }: StatusProblem): Finding {
  return {
    level: DOUBTFUL_KINDS.has(kind) ? 'doubtful' : 'wrong',
    topic: 'credentials',
    ...(credential !== '' && { name: credential }),
    about: credential === '' ? where : `credential ${credential}`,
    text: `${kind}: ${problem} (${where})`,
  };
}

function ofCredential({ name, patterns, problems, health }: CredentialStatus, now: number): readonly Finding[] {
  const subject = { topic: 'credentials', name, about: `credential ${name}` } as const;
  const late = patterns.flatMap((pattern): Finding[] => {
    const { text, expires = 0 } = pattern;
    if (!isLate(pattern, now)) return [];
    const isOver = expires <= now;
    const what = `${isOver ? 'has expired' : 'expires'} ${untilText(expires, now)}, and no other has come`;
    return [{ ...subject, level: isOver ? 'wrong' : 'doubtful', text: `its login for ${text} ${what}` }];
  });
  const tried = health.flatMap(({ host, result }): Finding[] => {
    if (GOOD_RESULTS.has(result)) return [];
    const sentence = Object.entries(HEALTH_RESULTS).find(([known]) => known === result)?.[1];
    const text = `its login was tried at ${host}: ${result}${sentence === undefined ? '' : `: ${sentence}`}`;
    return [{ ...subject, level: isBadResult(result) ? 'wrong' : 'doubtful', text }];
  });
  return [...problems.map(ofProblem), ...late, ...tried];
}

function ofNamespace(namespace: NamespaceStatus, { settings }: ReplicaStatus): readonly Finding[] {
  const { name, refused, failed, missedPods, moreMissedPods } = namespace;
  const wrong = (text: string, command?: string): Finding => ({
    ...{ level: 'wrong', topic: 'namespaces', name, about: `namespace ${name}`, text },
    ...(command !== undefined && { command }),
  });
  const look = refused === 'foreign' ? `kubectl -n ${name} get secret ${settings.pullSecret.name}` : undefined;
  const missed = missedPods.length + moreMissedPods;
  return [
    ...(refused === undefined ? [] : [wrong(`the pull Secret is left as it is: ${REFUSE_REASONS[refused]}`, look)]),
    ...(failed === undefined ? [] : [wrong(`the pull Secret was not written: ${failed}`)]),
    ...(missed === 0 ? [] : [wrong(...missedText(missed, missedPods[0] ?? '', name))]),
  ];
}

/** What makes one anew depends on what made it, which `explain` looks at. */
function missedText(count: number, first: string, namespace: string): [text: string, command: string] {
  const text =
    count === 1
      ? `Pod ${first} was made without the pull Secret, and must be made anew`
      : `${count} Pods, ${first} among them, were made without the pull Secret, and must be made anew`;
  return [text, `pullpass explain pod/${first} -n ${namespace}`];
}
