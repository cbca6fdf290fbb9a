// What `pullpass status` prints for people, out of a replica's status: what is wrong first, then tables. Pure.
import type { Paint } from '../command-line/paint.ts';
import { formatTable, wrap } from '../command-line/table.ts';
import { visible } from '../command-line/visible.ts';
import type { CredentialStatus, NamespaceStatus, ReplicaStatus } from '../core/replica-status.ts';
import { selectorText } from '../core/selector-gap.ts';
import { credentialState, loginText, namespaceState, problemsFirst } from './cells.ts';
import { type Finding, findingsOf } from './findings.ts';
import { agoText, durationText, untilText } from './time-text.ts';

/** What a page is made of, and for whom. */
export interface Sheet {
  readonly status: ReplicaStatus;
  /** The one that was asked. */
  readonly pod: string;
  readonly now: number;
  readonly columns: number;
  readonly paint: Paint;
}

/** So many rows of a table, and findings, in the overview; the rest are counted. */
const SHOWN = 20;
const INDENT = '  ';

export function overview(sheet: Sheet): string {
  const { status, now } = sheet;
  const { namespaces = [], more = 0 } = status.sync ?? {};
  const shown = problemsFirst(namespaces).slice(0, SHOWN);
  const left = namespaces.length - shown.length + more;
  return joined([
    facts(sheet),
    findingsText(findingsOf(status, now), sheet, SHOWN),
    credentialsTable(sheet),
    namespacesTable(shown, sheet),
    ...(left > 0 ? [`and ${left} namespaces more: pullpass status namespaces\n`] : []),
  ]);
}

/** With an empty line between. */
export function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n');
}

function facts({ status, pod, now }: Sheet): string {
  const { certificate, refusedConfiguration, webhookDifferences, sync, settings } = status;
  const { expires, trusted } = certificate;
  const isReady = status.notReady === undefined ? 'ready' : 'not ready';
  const rows: readonly (readonly [string, string])[] = [
    ['Replica', `${pod}, ${isReady}, ${sync === undefined ? 'not elected: it knows of no namespaces' : 'elected'}`],
    [
      'Certificate',
      `${trusted ? 'trusted' : 'not trusted'}${expires === undefined ? '' : `, expires ${untilText(expires, now)}`}`,
    ],
    ['Configuration', refusedConfiguration.length === 0 ? 'in force' : 'refused, the one before is in force'],
    ['Webhook', webhookDifferences.length === 0 ? 'agrees with the settings' : 'does not agree with the settings'],
    ['Pull Secret', `${settings.pullSecret.name}, ${settings.pullSecret.distribution}`],
    ...(sync === undefined ? [] : [['Namespaces', syncText(sync, now)] as const]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join('');
}

function syncText({ takingPart, namespaces, more, lastPass }: NonNullable<ReplicaStatus['sync']>, now: number): string {
  const ours = namespaces.filter(({ pullSecret }) => pullSecret?.ours).length;
  const looked = lastPass === undefined ? 'not looked at yet' : `all looked at ${agoText(lastPass, now)}`;
  return `${takingPart} take part, ${more > 0 ? `${ours} or more` : ours} have a pull Secret, ${looked}`;
}

/** Each with what to do about it, the wrong before the doubtful. */
function findingsText(
  findings: readonly Finding[],
  { columns, paint }: Sheet,
  most = Number.POSITIVE_INFINITY,
): string {
  const sorted = [...findings].sort((a, b) => Number(b.level === 'wrong') - Number(a.level === 'wrong'));
  const lines = sorted.slice(0, most).flatMap(({ level, about, text, command }) => {
    const [first = '', ...others] = wrap(visible(`${level}: ${about}: ${text}`), columns - INDENT.length);
    const coloured = (level === 'wrong' ? paint.bad : paint.doubtful)(level);
    // A command is one line, or nobody could copy it.
    return [
      first.replace(level, coloured),
      ...others.map((line) => `${INDENT}${line}`),
      ...(command === undefined ? [] : [`${INDENT}${command}`]),
    ];
  });
  if (sorted.length > most) lines.push(`and ${sorted.length - most} more: pullpass status -o json`);
  return lines.map((line) => `${line}\n`).join('');
}

/** Those that are refused are not in force, but looked for. */
function credentialsTable({ status: { credentials, problems }, columns, now }: Sheet): string {
  const inForce = credentials.map((credential) => [
    credential.name,
    credential.where,
    credential.patterns.map(({ text }) => text).join(', '),
    String(credential.admits),
    credentialState(credential, now),
  ]);
  const others = problems.map(({ credential, where, kind }) => [credential, where, '', '', kind]);
  if (inForce.length + others.length === 0) return 'There are no credentials.\n';
  return formatTable(['CREDENTIAL', 'FROM', 'SERVES', 'NAMESPACES', 'STATE'], [...inForce, ...others], columns);
}

export function credentialsPage(sheet: Sheet): string {
  const findings = findingsOf(sheet.status, sheet.now).filter(({ topic }) => topic === 'credentials');
  return joined([credentialsTable(sheet), findingsText(findings, sheet)]);
}

export function namespacesPage(sheet: Sheet): string {
  const { namespaces = [], more = 0 } = sheet.status.sync ?? {};
  const table = namespacesTable(problemsFirst(namespaces), sheet);
  // The replica tells of so many and no more.
  return more === 0
    ? table
    : `${table}and ${more} more, each of which can be asked for: pullpass status namespaces NAME\n`;
}

function namespacesTable(namespaces: readonly NamespaceStatus[], { columns, now }: Sheet): string {
  if (namespaces.length === 0) return 'No namespace has a pull Secret, or needs one.\n';
  const rows = namespaces.map((namespace) => {
    const { created, credentials = [] } = namespace.pullSecret ?? {};
    return [
      namespace.name,
      created === undefined ? '' : durationText(now - created),
      credentials.join(', '),
      namespaceState(namespace, now),
    ];
  });
  return formatTable(['NAMESPACE', 'AGE', 'CREDENTIALS', 'STATE'], rows, columns);
}

export function credentialPage(credential: CredentialStatus, sheet: Sheet): string {
  const { status, now } = sheet;
  const { name, where, patterns, except, namespaces, admits, health } = credential;
  const scope = namespaces === undefined ? 'every namespace' : selectorText(namespaces);
  const rows = [
    ['from', where],
    ['for', `${scope}: ${admits} of ${status.sync?.takingPart ?? 'those'} that take part`],
    ...patterns.map((pattern) => ['serves', `${pattern.text}: ${loginText(pattern, now)}`]),
    ...except.map((text) => ['but not', text]),
    ...health.map(({ host, result }) => ['tried at', `${host}: ${result}`]),
  ];
  return page(name, rows, sheet, 'credentials');
}

export function namespacePage(namespace: NamespaceStatus, sheet: Sheet): string {
  const { now, status } = sheet;
  const { name, takesPart, pullSecret, missedPods, moreMissedPods } = namespace;
  const more = moreMissedPods > 0 ? [['', `and ${moreMissedPods} more`]] : [];
  const age = pullSecret?.created === undefined ? '' : `, ${durationText(now - pullSecret.created)} old`;
  const whose = pullSecret?.ours === false ? ', not ours' : '';
  const rows = [
    ['takes part', takesPart ? 'yes' : 'no'],
    ['pull Secret', pullSecret === undefined ? 'none' : `${status.settings.pullSecret.name}${age}${whose}`],
    ['state', namespaceState(namespace, now)],
    ...(pullSecret?.credentials.length ? [['credentials', pullSecret.credentials.join(', ')]] : []),
    ...(pullSecret?.keys ?? []).map((key, i) => [i === 0 ? 'keys' : '', key]),
    ...missedPods.map((pod, i) => [i === 0 ? 'missed Pods' : '', pod]),
    ...more,
  ];
  return page(name, rows, sheet, 'namespaces');
}

function page(name: string, rows: readonly (readonly string[])[], sheet: Sheet, topic: Finding['topic']): string {
  const [first = [], ...others] = rows.map(([label = '', text = '']) => [`  ${label}`, text]);
  const table = `${sheet.paint.strong(name)}\n${formatTable(first, others, sheet.columns)}`;
  const findings = findingsOf(sheet.status, sheet.now).filter((one) => one.topic === topic && one.name === name);
  return joined([table, findingsText(findings, sheet)]);
}
