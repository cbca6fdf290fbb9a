// The Secret that holds the CA which all replicas share. Any of them may write it, each write bound to the version that it was
// made of, so that the first one wins and the others see what it made.
import { ANNOTATION_ROTATE_CA, AUTHORITY_SECRET_NAME } from '../core/names.ts';
import { isNewer } from './api-object.ts';
import type { Client, Log } from './client.ts';
import { type OwnSecret, type OwnSecretWrite, readOwnSecret, watchOwnSecret, writeOwnSecret } from './own-secret.ts';
import type { Time } from './time.ts';

export interface AuthoritySecret {
  /** As last seen; undefined: not known yet. */
  latest(): OwnSecret | 'absent' | undefined;
  /** From the API server itself; undefined: it cannot be read now. */
  read(): Promise<OwnSecret | 'absent' | undefined>;
  /** Also takes back the request for a new CA. @param seen the version that is replaced; undefined: create it */
  write(texts: ReadonlyMap<string, string>, seen: OwnSecret | undefined): Promise<OwnSecretWrite>;
  stop(): Promise<void>;
}

export interface AuthoritySecretOptions {
  readonly client: Client;
  /** The namespace that this Pullpass runs in. */
  readonly namespace: string;
  onChange(): void;
  readonly time: Time;
  readonly log: Log;
}

export function openAuthoritySecret({
  client,
  namespace,
  onChange,
  time,
  log,
}: AuthoritySecretOptions): AuthoritySecret {
  const place = { client, namespace, name: AUTHORITY_SECRET_NAME };
  let latest: { readonly secret: OwnSecret | 'absent'; readonly version: string } | undefined;

  /** What a watch tells may be older than what we wrote or read. */
  function take(secret: OwnSecret | undefined, version: string): void {
    if (latest !== undefined && !isNewer(version, latest.version)) return;
    latest = { secret: secret ?? 'absent', version };
  }

  let said = '';
  /** Once for each problem: it is tried again and again. */
  function say(message: string, why: string): void {
    if (said !== `${message} ${why}`) log.error(message, { name: AUTHORITY_SECRET_NAME, why });
    said = `${message} ${why}`;
  }

  const watch = watchOwnSecret({
    ...place,
    time,
    log,
    onChange(secret, version) {
      take(secret, version);
      onChange();
    },
    isKnown: () => latest !== undefined && latest.secret !== 'absent',
    onSynced() {
      latest ??= { secret: 'absent', version: watch.version() ?? '0' };
      onChange();
    },
  });

  return {
    latest: () => latest?.secret,
    async read() {
      const read = await readOwnSecret(place);
      if ('failed' in read) {
        say('the Secret with the CA cannot be read', read.failed);
        return undefined;
      }
      said = '';
      return 'found' in read ? read.found : 'absent';
    },
    async write(texts, seen) {
      const result = await writeOwnSecret(place, { texts, annotations: { [ANNOTATION_ROTATE_CA]: null } }, seen);
      if ('written' in result) take(result.written, result.written.resourceVersion);
      else if (!result.conflict) say('the Secret with the CA cannot be written', result.failed);
      return result;
    },
    stop: watch.stop,
  };
}

/** The Secret as somebody sees it who asks the replicas for a new CA. */
export interface RotationDesk {
  /** Leaves the note that a new CA is wanted; the replicas do the rest. */
  ask(): Promise<'asked' | { readonly failed: string }>;
  look(): Promise<
    { readonly texts: ReadonlyMap<string, string>; readonly asked: boolean } | { readonly failed: string }
  >;
}

export function openRotationDesk(client: Client, namespace: string, now: () => number): RotationDesk {
  const place = { client, namespace, name: AUTHORITY_SECRET_NAME };

  async function find(): Promise<OwnSecret | { readonly failed: string }> {
    const read = await readOwnSecret(place);
    const which = `the Secret ${AUTHORITY_SECRET_NAME} in namespace ${namespace}`;
    if ('failed' in read) return { failed: `${which} cannot be read: ${read.failed}` };
    if ('absent' in read) return { failed: `there is no ${which.replace('the ', '')}: does Pullpass run there?` };
    return read.found.ours ? read.found : { failed: `${which} is not ours` };
  }

  return {
    async ask() {
      const found = await find();
      if ('failed' in found) return found;
      const annotations = { [ANNOTATION_ROTATE_CA]: new Date(now()).toISOString() };
      const result = await writeOwnSecret(place, { annotations }, found);
      return 'written' in result ? 'asked' : { failed: `the request could not be left: ${result.failed}` };
    },
    async look() {
      const found = await find();
      return 'failed' in found ? found : { texts: found.texts, asked: ANNOTATION_ROTATE_CA in found.annotations };
    },
  };
}
