// The command `pullpass status`: reads the status of a replica and prints of it what was asked for. What cannot be read is said on
// stderr, with what can be told without it.
import type { Paint } from '../command-line/paint.ts';
import { Failure } from '../command-line/refusal.ts';
import { formatTable } from '../command-line/table.ts';
import { suggestion } from '../config/nearest.ts';
import type { ReplicaStatus } from '../core/replica-status.ts';
import { type Finding, findingsOf } from './findings.ts';
import {
  credentialPage,
  credentialsPage,
  joined,
  namespacePage,
  namespacesPage,
  overview,
  type Sheet,
} from './pages.ts';
import { type References, referencesText } from './references.ts';

export interface StatusPorts {
  /** @param about tell of this namespace alone */
  read(about: string | undefined): Promise<Reading>;
  /** The Pods of the replicas, as far as they may be listed. */
  replicas(): Promise<readonly ReplicaPod[]>;
  /** @param namespace of this one alone; else of all */
  references(pullSecrets: readonly string[], namespace: string | undefined): Promise<References>;
  out(text: string): Promise<void>;
  say(line: string): void;
  now(): number;
}

type Reading = { readonly status: ReplicaStatus; readonly pod: string } | { readonly unavailable: string };

export interface ReplicaPod {
  readonly name: string;
  readonly isReady: boolean;
  readonly isElected: boolean;
}

export interface StatusRequest {
  readonly topic: 'overview' | 'credentials' | 'namespaces';
  /** Of a credential or namespace. */
  readonly name?: string;
  readonly json: boolean;
  readonly references: boolean;
  /** What the pull Secret is called where no replica tells. */
  readonly pullSecret: string;
  readonly columns: number;
  readonly paint: Paint;
}

/** @returns whether something is wrong @throws Failure if there is nothing to tell */
export async function tellStatus(ports: StatusPorts, request: StatusRequest): Promise<{ readonly wrong: boolean }> {
  const about = request.topic === 'namespaces' ? request.name : undefined;
  const reading = await ports.read(about);
  if ('unavailable' in reading) return tellWithout(reading.unavailable, ports, request);
  const sheet: Sheet = { ...reading, now: ports.now(), columns: request.columns, paint: request.paint };
  const names = namesOf(reading.status);
  const { document, text } = choose(sheet, request);
  const references = await findReferences(ports, request, names);
  if (request.json) await ports.out(jsonText(document, references));
  else
    await ports.out(
      joined([text(), references === undefined ? '' : referencesText(references, names, request.columns)]),
    );
  return { wrong: findingsOf(reading.status, sheet.now).some((finding) => isAsked(finding, request)) };
}

function isAsked({ level, topic, name }: Finding, asked: StatusRequest): boolean {
  const isTopic = asked.topic === 'overview' || asked.topic === topic;
  return level === 'wrong' && isTopic && (asked.name === undefined || asked.name === name);
}

interface Chosen {
  readonly document: object;
  readonly text: () => string;
}

function choose(sheet: Sheet, { topic, name }: StatusRequest): Chosen {
  const { status } = sheet;
  if (topic === 'overview') return { document: status, text: () => overview(sheet) };
  if (topic === 'credentials') {
    if (name === undefined) {
      return { document: status.credentials, text: () => credentialsPage(sheet) };
    }
    const credential = status.credentials.find((one) => one.name === name) ?? missing('credential', name, status);
    return { document: credential, text: () => credentialPage(credential, sheet) };
  }
  const { namespaces } = status.sync ?? notElected(sheet);
  if (name === undefined) {
    return { document: namespaces, text: () => namespacesPage(sheet) };
  }
  const namespace = namespaces.find((one) => one.name === name) ?? missing('namespace', name, status);
  return { document: namespace, text: () => namespacePage(namespace, sheet) };
}

function missing(what: 'credential' | 'namespace', name: string, status: ReplicaStatus): never {
  const refused = status.problems.find(({ credential }) => what === 'credential' && credential === name);
  if (refused !== undefined)
    throw new Failure(`credential "${name}" is not in force: ${refused.kind}: ${refused.problem}`);
  const known = status.credentials.map((credential) => credential.name);
  const hint = what === 'credential' ? suggestion(name, known) : '';
  throw new Failure(`there is no ${what} "${name}"${hint}`);
}

function notElected({ pod }: Sheet): never {
  throw new Failure(
    `no elected replica could be asked, and Pod ${pod}, which is not, knows of no namespaces; ask again in a moment`,
  );
}

function namesOf({ settings: { pullSecret } }: ReplicaStatus): readonly string[] {
  return [pullSecret.name, ...pullSecret.formerNames];
}

async function findReferences(
  ports: StatusPorts,
  { references, topic, name }: StatusRequest,
  names: readonly string[],
) {
  return references ? ports.references(names, topic === 'namespaces' ? name : undefined) : undefined;
}

function jsonText(document: object | undefined, references: References | undefined): string {
  const content = references === undefined ? document : { status: document, references };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** Without a replica: who there is, and, if it was asked for, who names the pull Secret. */
async function tellWithout(why: string, ports: StatusPorts, request: StatusRequest): Promise<never> {
  const names = [request.pullSecret];
  const references = await findReferences(ports, request, names);
  if (references !== undefined) {
    if (request.json) await ports.out(jsonText(undefined, references));
    else await ports.out(referencesText(references, names, request.columns));
  }
  const pods = await ports.replicas();
  if (pods.length > 0) {
    const rows = pods.map(({ name, isReady, isElected }) => [name, isReady ? 'yes' : 'no', isElected ? 'yes' : 'no']);
    ports.say(formatTable(['REPLICA', 'READY', 'ELECTED'], rows, request.columns).trimEnd());
  }
  throw new Failure(`the status cannot be read: ${why}`);
}
