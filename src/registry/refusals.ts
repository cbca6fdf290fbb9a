// Which logins were refused. Registries lock accounts after a few wrong tries, and many hosts may ask one directory of users, so
// a login that was refused is barred in its whole domain, until it changes. Fingerprints are the same in every process, so that a
// replica that is elected later, or started anew, knows them too.
import { createHash } from 'node:crypto';
import type { Trial } from './try-login.ts';

/** Where fingerprints are kept for whoever runs after us. */
export interface RefusalStore {
  /** Must know at once what is to be remembered, even while it cannot be kept. */
  known(): ReadonlySet<string>;
  /** From now on exactly these. Must not throw. */
  remember(all: ReadonlySet<string>): void;
}

/** What a trial is recognised by. */
export interface Fingerprints {
  /** The login at this host. */
  readonly here: string;
  /** The login anywhere in the domain of the host. */
  readonly domain: string;
}

export interface Refusals {
  /** @returns undefined if the login may be tried */
  barred(trial: Fingerprints): 'refused' | 'held-back' | undefined;
  /** @param targets all that there are now; what else was refused is forgotten with this, unless there are none at all */
  add(refused: Fingerprints, targets: Iterable<Fingerprints>): void;
}

/** @param scope what `loginScope` says of the host */
export function fingerprintsOf({ host, login: { username, password } }: Trial, scope: string): Fingerprints {
  return { here: digest([scope, username, password, host]), domain: digest([scope, username, password]) };
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

export function openRefusals(store: RefusalStore): Refusals {
  return {
    barred({ here, domain }) {
      const known = store.known();
      if (known.has(here)) return 'refused';
      return known.has(domain) ? 'held-back' : undefined;
    },
    add(refused, targets) {
      const wanted = new Set([...targets].flatMap(({ here, domain }) => [here, domain]));
      // No targets at all: it is being switched off, which says nothing of what there will be.
      const kept = [...store.known()].filter((fingerprint) => wanted.size === 0 || wanted.has(fingerprint));
      store.remember(new Set([...kept, refused.here, refused.domain]));
    },
  };
}
