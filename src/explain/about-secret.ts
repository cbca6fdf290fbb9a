// The pull Secret: there, ours, fresh, with the keys that the images need; and the logins in it. What is in it is never shown.
// Who may not read it is told what the elected replica knows of it.
import { parseImage } from '../core/image.ts';
import type { EnsureReason } from '../core/reason.ts';
import type { NamespaceStatus, PatternStatus } from '../core/replica-status.ts';
import { replaceableSource } from './about-images.ts';
import type { Names } from './advice.ts';
import type { ImageAnswer } from './decision.ts';
import type { PullSecretFact, QuotaFact } from './facts.ts';
import type { Case, Finding } from './finding.ts';
import { ageOf, few, quiet } from './words.ts';

type Secret = Pick<PullSecretFact, 'ours' | 'keys' | 'managers' | 'instance'> | 'absent' | undefined;

export function aboutSecret(opened: Case): readonly Finding[] {
  const { decision, is, pullSecret } = opened;
  const served = decision?.images.filter(({ reason }) => reason === 'served') ?? [];
  const known = namespaceOf(opened);
  const secret = secretOf(opened, known);
  const say = (
    state: Finding['state'],
    text: string,
    reason?: Finding['reason'],
    names: Names = {},
  ): readonly Finding[] => [
    { state, about: 'pull Secret', text: `${pullSecret}: ${text}`, ...(reason && { reason }), names },
  ];
  if (secret === undefined) return is === 'nothing' ? [] : say('-', 'you may not read it');
  if (secret === 'absent') return sayAbsent(opened, served, known, say);
  if (!secret.ours) return sayForeign(opened, secret, say);
  if (served.length > 0 && decision?.keys === undefined)
    return say('fail', 'its host globs overlap in too many ways', 'too-large');
  const lacking = served.find(({ key }) => key !== undefined && !secret.keys.includes(key));
  if (lacking !== undefined) return sayLacking(opened, lacking, known, say);
  const keys = few(secret.keys.map((key) => (key.includes('@') ? 'a key that is not shown' : key)));
  const change = known?.pullSecret?.change;
  if (change !== undefined) return say('warn', `holds ${keys}, and is about to change (${quiet(change)})`);
  const fresh = known?.pullSecret?.fresh === true ? ', fresh' : '';
  return say('ok', `ours${fresh}, holds ${keys || 'nothing'}`, 'present');
}

type Say = (state: Finding['state'], text: string, reason?: Finding['reason'], names?: Names) => readonly Finding[];

function namespaceOf({ facts, status }: Case): NamespaceStatus | undefined {
  return status?.sync?.namespaces.find(({ name }) => name === facts.namespace.name);
}

function secretOf({ facts, status }: Case, known: NamespaceStatus | undefined): Secret {
  const { read } = facts.pullSecret;
  if ('found' in read) return read.found;
  if (read.missing === 'absent') return 'absent';
  if (known?.pullSecret !== undefined) return { ...known.pullSecret, managers: [] };
  return status?.sync !== undefined && status.sync.more === 0 ? 'absent' : undefined;
}

/** What another Pullpass made is no stranger's: it is never proposed to be deleted. */
function sayForeign(
  { blame, is, pullSecret }: Case,
  { managers, instance }: Pick<PullSecretFact, 'managers' | 'instance'>,
  say: Say,
): readonly Finding[] {
  const others = instance === undefined ? few(managers) : `the Pullpass in namespace ${instance}`;
  const by = others || 'somebody else';
  const reason = is === 'lists' ? 'foreign' : 'foreign-secret';
  const names = { managers: by, ...(instance === undefined && { foreign: pullSecret }) };
  return say(is === 'lists' ? 'fail' : blame, `is not ours, made by ${by}`, reason, names);
}

function sayAbsent(
  opened: Case,
  served: readonly ImageAnswer[],
  known: NamespaceStatus | undefined,
  say: Say,
): readonly Finding[] {
  const { is, blame, decision } = opened;
  if (served.length === 0 && is !== 'lists') return [];
  if (decision !== undefined && decision.keys === undefined) {
    return say('fail', 'not written, its host globs overlap in too many ways', 'too-large');
  }
  const quota = opened.facts.quotas.find(({ hard, used }) => used >= hard);
  const failed = quota === undefined ? failureOf(known) : ('quota' as const);
  if (failed === 'terminating') return say('-', 'not written, the namespace is being deleted');
  if (failed !== undefined) {
    const names = { ...quotaNames(quota), problem: quiet(known?.failed ?? '') };
    return say('fail', `not written: ${failed}`, failed, names);
  }
  if (is === 'lists') return say('fail', 'is not there', 'secret-missing');
  return say(blame === 'fail' ? 'ok' : '-', 'not there yet, made before the first Pod that needs it', 'created');
}

function sayLacking(
  opened: Case,
  { image, key }: ImageAnswer,
  known: NamespaceStatus | undefined,
  say: Say,
): readonly Finding[] {
  const failed = failureOf(known);
  if (failed !== undefined)
    return say('fail', `lacks the key ${key}: ${failed}`, failed, { problem: quiet(known?.failed ?? '') });
  if (opened.is === 'lists') return say('fail', `lacks the key ${key}`, 'key-missing', { image });
  return say('ok', `lacks the key ${key}, and gets it before the next Pod`, 'rewritten');
}

const FAILURES: readonly EnsureReason[] = ['quota', 'forbidden', 'conflict', 'unavailable', 'too-large', 'terminating'];

/** Why the last write failed, or why none is made, as one of the reasons. */
function failureOf(known: NamespaceStatus | undefined): EnsureReason | undefined {
  if (known?.refused === 'too-large') return 'too-large';
  const [word] = known?.failed?.split(/[:,;\s]/) ?? [];
  return FAILURES.find((reason) => reason === word);
}

function quotaNames(quota: QuotaFact | undefined): Names {
  return quota === undefined ? {} : { quota: quota.name, counts: quota.counts, raised: `${quota.used + 1}` };
}

/** The logins of the images that are served, each credential once. */
export function aboutLogins({ facts, status, decision }: Case): readonly Finding[] {
  const served = decision?.images.filter(({ reason }) => reason === 'served') ?? [];
  const once = [...new Map(served.map((image) => [`${image.credential} ${image.pattern}`, image])).values()];
  return once.slice(0, 4).flatMap(({ image, credential, pattern }): readonly Finding[] => {
    const from = status?.credentials.find(({ name }) => name === credential);
    const login = from?.patterns.find(({ text }) => text === pattern);
    if (status === undefined || from === undefined || login === undefined) return [];
    const host = parseImage(image)?.host ?? '';
    const names: Names = { image, credential, host, where: from.where, source: replaceableSource(from) };
    const say = (state: Finding['state'], text: string, more: Partial<Finding> = {}): readonly Finding[] => [
      { state, about: 'login', text: `${credential}: ${text}`, names, ...more },
    ];
    if (login.expires !== undefined && login.expires <= facts.now) {
      const text = `expired ${ageOf(facts.now - login.expires)} ago`;
      return say('fail', text, { reason: 'login-expired' });
    }
    const result = from.health.find((tried) => tried.host === host)?.result;
    const problem = from.problems.find(({ kind }) => kind === 'source' || kind === 'leaving')?.problem;
    const told = `${obtainedText(login, facts.now)}${problem === undefined ? '' : `; ${quiet(problem)}`}`;
    if (result !== undefined && REFUSALS.has(result)) {
      return say('fail', `${result} by ${host}${told}`, { reason: 'login-refused', names: { ...names, result } });
    }
    if (result === undefined)
      return say(
        problem ? 'warn' : '-',
        `${status.settings.credentialHealth ? 'not tried yet' : 'not tried, credentialHealth is off'}${told}`,
      );
    return say(result === 'accepted' && !problem ? 'ok' : 'warn', `${result} by ${host}${told}`);
  });
}

const REFUSALS: ReadonlySet<string> = new Set(['refused', 'held-back', 'forbidden', 'token-refused']);

function obtainedText({ obtained, expires }: PatternStatus, now: number): string {
  const got = obtained === undefined ? '' : `, ${ageOf(now - obtained)} old`;
  return expires === undefined ? got : `${got}, expires in ${ageOf(expires - now)}`;
}
