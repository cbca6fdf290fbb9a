// The Secret with the kept logins as this replica knows it. What a watch tells may be older than what we wrote: versions that
// are not newer change nothing, and neither does a deletion from before our write. The surprising rule: refused logins
// that were learned here stay although a version of the Secret, written before, does not tell of them.
import { isNewer } from '../cluster/api-object.ts';
import type { LoginsSecret } from '../cluster/logins-secret.ts';
import { decodeKept, type Kept } from '../credentials/kept.ts';

export interface KeptLogins {
  secret(): LoginsSecret | undefined;
  /**
   * @param secret undefined: it is not there
   * @param version as of which that is so
   * @returns what it keeps now, and what of it cannot be read; undefined if that is no news
   */
  take(secret: LoginsSecret | undefined, version: string): Pick<Decoded, 'kept' | 'problems'> | undefined;
  /** Fingerprints of the logins that registries refused. */
  refused(): ReadonlySet<string>;
  /** @returns whether that is something new */
  remember(fingerprints: ReadonlySet<string>): boolean;
}

type Decoded = ReturnType<typeof decodeKept>;

const NOTHING: { readonly kept: Kept; readonly problems: readonly string[] } = { kept: new Map(), problems: [] };

export function createKeptLogins(): KeptLogins {
  let present: LoginsSecret | undefined;
  let latest: string | undefined;
  let written: ReadonlySet<string> = new Set();
  let refused = written;

  return {
    secret: () => present,
    take(secret, version) {
      if (latest !== undefined && (secret === undefined ? isNewer(latest, version) : !isNewer(version, latest))) return;
      latest = version;
      present = secret;
      if (secret === undefined || !secret.ours) return NOTHING;
      const decoded = decodeKept(secret.texts);
      refused = merged(decoded.refused, written, refused);
      written = decoded.refused;
      return decoded;
    },
    refused: () => refused,
    remember(fingerprints) {
      const isNews = !sameMembers(fingerprints, refused);
      if (isNews) refused = new Set(fingerprints);
      return isNews;
    },
  };
}

/** What is written now, less what was taken out here and plus what was learned here since it was written before. */
function merged(now: ReadonlySet<string>, before: ReadonlySet<string>, here: ReadonlySet<string>): ReadonlySet<string> {
  const learned = [...here].filter((member) => !before.has(member));
  const stays = [...now].filter((member) => here.has(member) || !before.has(member));
  return new Set([...stays, ...learned]);
}

function sameMembers(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((member) => b.has(member));
}
