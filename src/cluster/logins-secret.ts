// The one Secret that holds the last good login of every credential. Every replica watches it, the elected one writes it. It
// also carries what an administrator and we say to each other about removals, as annotations.
import { ANNOTATION_CONFIRM_REMOVAL, ANNOTATION_HELD_REMOVALS, LOGINS_SECRET_NAME } from '../core/names.ts';
import type { Client } from './client.ts';
import {
  type OwnSecret,
  type OwnSecretContent,
  type OwnSecretOptions,
  watchOwnSecret,
  writeOwnSecret,
} from './own-secret.ts';
import type { Watch } from './watch.ts';

export interface LoginsSecret extends Pick<OwnSecret, 'uid' | 'resourceVersion' | 'ours'> {
  /** What it holds, by the name of the credential. */
  readonly texts: ReadonlyMap<string, string>;
  /** How many removals somebody confirmed; 0 without the annotation. */
  readonly confirmedRemovals: number;
  /** How many removals were waiting when that was last noted. */
  readonly heldRemovals: number;
}

export interface LoginsSecretOptions extends Omit<OwnSecretOptions, 'name' | 'onChange'> {
  /** At each version; undefined: it is not there, as of that version. */
  onChange(secret: LoginsSecret | undefined, version: string): void;
}

export function watchLoginsSecret(options: LoginsSecretOptions): Watch {
  return watchOwnSecret({
    ...options,
    name: LOGINS_SECRET_NAME,
    onChange: (secret, version) => options.onChange(secret && withNumbers(secret), version),
  });
}

function withNumbers({ uid, resourceVersion, ours, texts, annotations }: OwnSecret): LoginsSecret {
  const numberIn = (annotation: string): number => {
    const text = annotations[annotation] ?? '';
    return /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  };
  return {
    ...{ uid, resourceVersion, ours, texts },
    confirmedRemovals: numberIn(ANNOTATION_CONFIRM_REMOVAL),
    heldRemovals: numberIn(ANNOTATION_HELD_REMOVALS),
  };
}

export type LoginsWrite = { readonly written: LoginsSecret } | { readonly failed: string };

/** @param seen the version that is replaced; undefined: create it, and fail if anything is there */
export function writeLoginsSecret(
  client: Client,
  namespace: string,
  texts: ReadonlyMap<string, string>,
  seen: LoginsSecret | undefined,
): Promise<LoginsWrite> {
  return write(client, namespace, { texts }, seen);
}

/** Takes a confirmation back, which is good for one pass, and notes how many removals are waiting; 0: none. */
export function noteRemovals(
  client: Client,
  namespace: string,
  seen: LoginsSecret,
  held: number,
): Promise<LoginsWrite> {
  const annotations = { [ANNOTATION_CONFIRM_REMOVAL]: null, [ANNOTATION_HELD_REMOVALS]: held === 0 ? null : `${held}` };
  return write(client, namespace, { annotations }, seen);
}

async function write(
  client: Client,
  namespace: string,
  content: OwnSecretContent,
  seen: LoginsSecret | undefined,
): Promise<LoginsWrite> {
  const result = await writeOwnSecret({ client, namespace, name: LOGINS_SECRET_NAME }, content, seen);
  return 'written' in result ? { written: withNumbers(result.written) } : { failed: result.failed };
}
