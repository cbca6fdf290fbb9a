// Keeps a serving certificate of our own CA. The CA stands in a Secret that all replicas share; the certificate is made here
// and is in no place but memory. The surprising rule: before it signs, a replica reads the Secret itself, because what its
// watch told may be older than the moment in which another replica gave that CA up.
import { ANNOTATION_ROTATE_CA } from '../core/names.ts';
import { type Authorities, type Authority, authorityOf, decodeAuthorities, encodeAuthorities } from './authorities.ts';
import { makeCa, signLeaf } from './issue.ts';
import { bundleEdit, isDue, type Lives, nextStep, prepare, promote, type RotationFacts } from './rotation.ts';
import {
  type CertificateKeeper,
  isTrustedBy,
  type KeeperPorts,
  type ServingCertificate,
} from './serving-certificate.ts';
import { takeTurns } from './turns.ts';

export interface StoredAuthorities {
  readonly uid: string;
  readonly resourceVersion: string;
  /** It carries our mark. */
  readonly ours: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  readonly texts: ReadonlyMap<string, string>;
}

export interface AuthorityStore {
  /** As last seen; undefined: not known yet. */
  latest(): StoredAuthorities | 'absent' | undefined;
  /** From the API server itself; undefined: it cannot be read now. */
  read(): Promise<StoredAuthorities | 'absent' | undefined>;
  /**
   * Also takes back the request for a new CA. What was written is the latest at once.
   * @param seen the version that is replaced; undefined: create it, and fail if anything is there
   */
  write(
    texts: ReadonlyMap<string, string>,
    seen: StoredAuthorities | undefined,
  ): Promise<{ readonly written: StoredAuthorities } | { readonly failed: string }>;
}

export interface SelfOptions extends KeeperPorts, Lives {
  readonly store: AuthorityStore;
  readonly dnsNames: readonly string[];
  /** Said once while it lasts; undefined: all is well. */
  readonly onProblem: (problem: string | undefined) => void;
  readonly onStep: (step: 'made' | 'prepared' | 'promoted' | 'restored') => void;
  /** The CA that signs now ends then. */
  readonly onAuthority: (until: number) => void;
}

interface Signed extends ServingCertificate {
  /** PEM, of the CA. */
  readonly signedBy: string;
}

/** While there is none, nobody is served; but what stands in the way may stand there for long. */
const IMPATIENT_MS = 250;
const CALM_MS = 10_000;
/** Part of its life below which a certificate is replaced although the Secret cannot be read. */
const LAST_RESORT = 1 / 4;

export function keepSelfSigned(options: SelfOptions): CertificateKeeper {
  const { store, dnsNames, caMs, leafMs, now, bundles } = options;
  let known: { readonly version: string; readonly authorities: Authorities } | undefined;
  let inUse: Signed | undefined;
  let candidate: Signed | undefined;
  let published: { readonly cert: string; readonly since: number } | undefined;
  let saidWanted = '';
  /** Made for a Secret that could not be written yet. */
  let fresh: Authority | undefined;
  let pauseMs = IMPATIENT_MS;

  /** What is stored, made first if nothing is there, or mended from memory if it is damaged. */
  async function authorities(): Promise<Authorities | undefined> {
    const stored = store.latest();
    if (stored === undefined) return undefined;
    if (stored !== 'absent') {
      if (versionOf(stored) === known?.version) return known.authorities;
      if (!stored.ours) {
        options.onProblem('a Secret of that name is not ours');
        return known?.authorities;
      }
      const decoded = decodeAuthorities(stored.texts);
      if ('authorities' in decoded) return learn(versionOf(stored), decoded.authorities);
      options.onProblem(decoded.problem);
    }
    if (known === undefined) fresh ??= await freshAuthority();
    const whole = known?.authorities ?? (fresh && { current: fresh, former: [] });
    if (whole === undefined) return undefined;
    const texts = encodeAuthorities(whole);
    const result = await store.write(texts, stored === 'absent' ? undefined : stored);
    if ('failed' in result) return known?.authorities;
    fresh = undefined;
    options.onStep(known === undefined ? 'made' : 'restored');
    return authorities();
  }

  function learn(version: string, found: Authorities): Authorities {
    known = { version, authorities: found };
    options.onProblem(undefined);
    options.onAuthority(found.current.until);
    return found;
  }

  async function freshAuthority() {
    return authorityOf(await makeCa(now(), caMs));
  }

  function facts(asked: boolean): RotationFacts {
    const next = known?.authorities.next?.cert;
    // A bundle trusts what it holds itself.
    if (next === undefined || !isTrustedBy(bundles(), next, now())) published = undefined;
    else if (published?.cert !== next) published = { cert: next, since: now() };
    return { now: now(), caMs, leafMs, asked, publishedSince: published?.since };
  }

  async function takeStep(held: Authorities): Promise<void> {
    const stored = store.latest();
    if (stored === undefined || stored === 'absent' || versionOf(stored) !== known?.version) return;
    const seen = facts(ANNOTATION_ROTATE_CA in stored.annotations);
    const step = nextStep(held, seen);
    if (step === 'stay') return;
    const after = step === 'promote' ? promote(held, seen) : prepare(held, await freshAuthority(), now());
    if ('failed' in (await store.write(encodeAuthorities(after), stored))) return;
    options.onStep(step === 'promote' ? 'promoted' : 'prepared');
    await authorities();
  }

  async function renew(): Promise<void> {
    const current = known?.authorities.current;
    if (current === undefined) return;
    const newest = candidate ?? inUse;
    const fits = (authority: Authority): boolean =>
      newest?.signedBy === authority.cert && !isDue(newest.expires, authority, { now: now(), caMs, leafMs });
    if (fits(current)) return;
    // Its life counts from before the Secret was read: in between the CA may have been given up.
    const asked = now();
    const signer = (await readCurrent()) ?? lastResort(newest);
    if (signer === undefined || signer.until <= now() || fits(signer)) return;
    candidate = { ...(await signLeaf(signer, dnsNames, asked, leafMs)), signedBy: signer.cert };
  }

  async function readCurrent() {
    const read = await store.read();
    if (read === undefined || read === 'absent' || !read.ours) return undefined;
    const decoded = decodeAuthorities(read.texts);
    return 'authorities' in decoded ? decoded.authorities.current : undefined;
  }

  /** One that is still good is followed by another of the CA in memory; one that is not has slept through we know not what. */
  function lastResort(newest: Signed | undefined) {
    const left = (newest?.expires ?? 0) - now();
    return left > 0 && left < leafMs * LAST_RESORT ? known?.authorities.current : undefined;
  }

  function adopt(): void {
    if (candidate === undefined || candidate.expires <= now()) return;
    const isNeeded = inUse === undefined || inUse.expires <= now();
    if (!isNeeded && !isTrustedBy(bundles(), candidate.cert, now())) return;
    inUse = candidate;
    candidate = undefined;
    options.use(inUse);
  }

  const wanted = () => known && bundleEdit(known.authorities, { now: now(), leafMs });

  async function turn(): Promise<void> {
    const held = await authorities();
    if (held !== undefined) await takeStep(held);
    await renew();
    adopt();
    const text = JSON.stringify(wanted());
    if (text !== saidWanted) options.onWanted();
    saidWanted = text;
  }

  function everyMs(): number {
    pauseMs = inUse === undefined ? Math.min(CALM_MS, pauseMs * 2) : Math.max(250, Math.min(CALM_MS, leafMs / 40));
    return pauseMs;
  }

  const turns = takeTurns({ ...options, turn, everyMs });
  return { inUse: () => inUse, wanted, ...turns };
}

function versionOf({ uid, resourceVersion }: StoredAuthorities): string {
  return `${uid} ${resourceVersion}`;
}
