// What the admission door shows to the API server, and whoever keeps it good: one of our own CA, or one from files. A new one
// is put to use when the live webhook configuration trusts it, so that nobody meets a certificate that nobody vouches for.
import { type BundleEdit, isTrusted } from './bundle.ts';

export interface ServingCertificate {
  /** PEM: the leaf, and the intermediates behind it if there are any. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

export interface CertificateKeeper {
  /** What new connections are shown; undefined: there is none yet. */
  inUse(): ServingCertificate | undefined;
  /** What the webhook configuration is to hold; undefined: nothing is known yet, or others see to it. */
  wanted(): BundleEdit | undefined;
  /** Something that it goes by has changed, or may have. */
  nudge(): void;
  stop(): Promise<void>;
}

/** What both kinds of keepers are given. */
export interface KeeperPorts {
  /** The bundle of every entry of the webhook configuration as last seen, PEM; undefined: it is not there. */
  readonly bundles: () => readonly string[] | undefined;
  /** Puts a certificate to use for new connections. */
  readonly use: (certificate: ServingCertificate) => void;
  /** What is wanted in the webhook configuration may have changed. */
  readonly onWanted: () => void;
  /** A fault of ours in a turn; the next one is taken all the same. */
  readonly onFault: (error: unknown) => void;
  /** Milliseconds since the epoch, by the clock on the wall: what has slept sees at once that time went on. */
  readonly now: () => number;
  /** Calls back once, after so many milliseconds. @returns the function that calls it off */
  readonly later: (ms: number, callback: () => void) => () => void;
}

/** Whether every entry of the webhook configuration trusts it. */
export function isTrustedBy(bundles: readonly string[] | undefined, cert: string, now: number): boolean {
  return bundles !== undefined && bundles.length > 0 && bundles.every((bundle) => isTrusted(cert, bundle, now));
}
