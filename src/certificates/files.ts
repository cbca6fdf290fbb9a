// Keeps a serving certificate that somebody else issues, from files. A new one is taken when it is whole, good and trusted;
// until then, and when it is broken, the one before stays. The surprising rule: files are written one after the other, so what
// does not fit together counts as broken only if it still does not a moment later.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type BundleEdit, certificatesIn, isTrusted } from './bundle.ts';
import {
  type CertificateKeeper,
  isTrustedBy,
  type KeeperPorts,
  type ServingCertificate,
} from './serving-certificate.ts';
import { takeTurns } from './turns.ts';

export interface CertificatePaths {
  readonly cert: string;
  readonly key: string;
  /** Its CA, to be published; absent: others see to the webhook configuration. */
  readonly ca?: string;
}

export interface FilesOptions extends KeeperPorts {
  readonly paths: CertificatePaths;
  /** Rejects when it cannot be read. */
  readonly read: (path: string) => Promise<string>;
  /** Why it cannot, in words. */
  readonly readFailure: (error: unknown) => string;
  /** Calls back when a file may have changed. @returns the function that ends it */
  readonly watch: (path: string, onChange: () => void) => () => void;
  /** The name that the API server calls. */
  readonly dnsName: string;
  /** Why what is in the files is not taken; undefined: it is, or will be as soon as it is trusted. */
  readonly onProblem: (problem: string | undefined) => void;
  /** A new certificate waits until the webhook configuration trusts it; false: none does any more. */
  readonly onWaiting: (waiting: boolean) => void;
}

interface Pair extends ServingCertificate {
  /** PEM; empty without a file. */
  readonly ca: string;
}

type Texts = Readonly<Record<keyof CertificatePaths, string>>;

const STILL_MS = 250;
const LOOK_MS = 10_000;

export function keepFromFiles(options: FilesOptions): CertificateKeeper {
  const { paths, watch, now, later, bundles } = options;
  let inUse: Pair | undefined;
  let candidate: Pair | undefined;
  /** What was found good, and what was refused last; that may be good when the clock has gone on. */
  let taken = '';
  let refused = '';
  let saidWanted = '';

  async function look(): Promise<void> {
    for (let before = ''; ; ) {
      const content = await readAll(options);
      const text = JSON.stringify(content);
      if (text === taken) return options.onProblem(undefined);
      const verdict = 'failure' in content ? { problem: content.failure } : judge(content, options);
      if ('problem' in verdict && text !== before && text !== refused) {
        before = text;
        await new Promise<void>((resolve) => later(STILL_MS, resolve));
        continue;
      }
      options.onProblem('problem' in verdict ? verdict.problem : undefined);
      if ('problem' in verdict) {
        refused = text;
        return;
      }
      taken = text;
      candidate = verdict.pair;
      return;
    }
  }

  function adopt(): void {
    if (candidate === undefined) return;
    const isNeeded = inUse === undefined || inUse.expires <= now();
    const waits = !isNeeded && !isTrustedBy(bundles(), candidate.cert, now());
    options.onWaiting(waits);
    if (waits) return;
    inUse = candidate;
    candidate = undefined;
    options.use(inUse);
  }

  /** Also the CA of the one in use, until the new one has taken its place. */
  function wanted(): BundleEdit | undefined {
    if (paths.ca === undefined) return undefined;
    const add = [candidate, inUse].flatMap((pair) => (pair === undefined ? [] : certificatesIn(pair.ca)));
    return add.length === 0 ? undefined : { add, remove: [] };
  }

  async function turn(): Promise<void> {
    await look();
    adopt();
    const text = JSON.stringify(wanted());
    if (text !== saidWanted) options.onWanted();
    saidWanted = text;
  }

  const turns = takeTurns({ ...options, turn, everyMs: () => LOOK_MS });
  const unwatch = Object.values(paths).map((path: string) => watch(path, turns.nudge));
  return {
    inUse: () => inUse,
    wanted,
    nudge: turns.nudge,
    async stop() {
      for (const end of unwatch) end();
      await turns.stop();
    },
  };
}

async function readAll({ paths, read, readFailure }: FilesOptions): Promise<Texts | { readonly failure: string }> {
  const texts = { cert: '', key: '', ca: '' };
  for (const what of ['cert', 'key', 'ca'] as const) {
    const path = paths[what];
    if (path === undefined) continue;
    try {
      texts[what] = await read(path);
    } catch (error) {
      return { failure: `${path} cannot be read: ${readFailure(error)}` };
    }
  }
  return texts;
}

function judge(texts: Texts, { paths, dnsName, now }: FilesOptions): { pair: Pair } | { readonly problem: string } {
  const leaf = parse(texts.cert);
  if (leaf === undefined) return { problem: `${paths.cert} holds no certificate` };
  if (!belongs(texts.key, leaf, texts.cert)) {
    return { problem: `${paths.key} does not hold the key of the certificate in ${paths.cert}` };
  }
  const [from, until] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  if (until <= now()) return { problem: `the certificate in ${paths.cert} expired on ${leaf.validTo}` };
  if (from > now()) return { problem: `the certificate in ${paths.cert} is not good before ${leaf.validFrom}` };
  if (leaf.checkHost(dnsName, { subject: 'never' }) === undefined) {
    return { problem: `the certificate in ${paths.cert} is not for the name ${dnsName}` };
  }
  if (paths.ca !== undefined && !isTrusted(texts.cert, texts.ca, now())) {
    return { problem: `the certificate in ${paths.cert} is not signed by the CA in ${paths.ca}` };
  }
  return { pair: { cert: texts.cert, key: texts.key, ca: texts.ca, expires: until } };
}

function belongs(key: string, leaf: X509Certificate, cert: string): boolean {
  try {
    // Also whether the chain behind it can be used at all.
    createSecureContext({ cert, key });
    return leaf.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
