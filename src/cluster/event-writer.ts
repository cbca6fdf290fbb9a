// Writes Kubernetes Events (core/v1), which `kubectl describe` shows below the object that they are about. The name of an Event
// follows from what it says, so that a restart or a second replica does not say it again.
import { createHash } from 'node:crypto';
import { namespacePath } from './api-object.ts';
import type { Client } from './client.ts';
import { ApiUnavailable } from './unavailable.ts';

export interface EventAbout {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventText {
  readonly about: EventAbout;
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase. */
  readonly reason: string;
  /** One line, without a login. */
  readonly message: string;
}

/** written: or it was there already. gone: what it is about, or its namespace, is no more. */
export type EventOutcome = 'written' | 'gone' | 'forbidden' | 'unavailable';

const MESSAGE_MAX = 1_000;
const NAME_MAX = 200;
const TIMEOUT_MS = 10_000;

export async function writeEvent(
  client: Pick<Client, 'call'>,
  { about, type, reason, message }: EventText,
  now: number,
): Promise<EventOutcome> {
  const id = createHash('sha256').update(`${about.uid} ${reason} ${message}`).digest('hex').slice(0, 16);
  const time = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${about.name.slice(0, NAME_MAX)}.${id}`, namespace: about.namespace },
    involvedObject: about,
    type,
    reason,
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must go
    message: message.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, MESSAGE_MAX),
    source: { component: 'pullpass' },
    reportingComponent: 'pullpass.dev/pullpass',
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
  try {
    const path = `${namespacePath(about.namespace)}/events`;
    const answer = await client.call({ verb: 'create', resource: 'events', path, body, timeoutMs: TIMEOUT_MS });
    return outcomeOf(answer.status, answer.body);
  } catch (error) {
    if (error instanceof ApiUnavailable) return 'unavailable';
    throw error;
  }
}

function outcomeOf(status: number, body: unknown): EventOutcome {
  if (status < 300 || status === 409) return 'written';
  const { details } = (body ?? {}) as {
    readonly details?: { readonly causes?: readonly { readonly reason?: string }[] };
  };
  const terminating = details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false;
  if (status === 404 || terminating) return 'gone';
  return status === 401 || status === 403 || status === 422 ? 'forbidden' : 'unavailable';
}
