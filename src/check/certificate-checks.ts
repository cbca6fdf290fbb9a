// Trust between the API server and the replicas. What a replica says of its own certificate counts; where none can be asked, the CA that
// is kept is compared with what the API server trusts.
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../certificates/bundle.ts';
import { type FactsAfter, statusOf } from './facts.ts';
import { type Check, cannotTell, fail, ok, warn } from './finding.ts';
import { decoded } from './objects.ts';
import { entriesOf } from './webhook-checks.ts';

const HOUR_MS = 3_600_000;
/** Our own are renewed three and a half days ahead, with the settings at their defaults. */
const LEAF_SOON_MS = 6 * HOUR_MS;
const CA_SOON_MS = 7 * 24 * HOUR_MS;

export const CERTIFICATE_CHECKS: readonly Check<FactsAfter>[] = [
  {
    name: 'ca-bundle',
    about: 'every entry of the webhook configuration has a `caBundle` with a certificate that has not expired',
    judge(facts) {
      const entries = entriesOf(facts);
      const logs = {
        run: `kubectl -n ${facts.asked.namespace} logs deployment/${facts.asked.service} | grep caBundle`,
      };
      const findings = entries.flatMap(({ name = '', clientConfig }) => {
        const bundle = decoded(clientConfig?.caBundle);
        const ends = certificatesIn(bundle).flatMap(endOf);
        const last = Math.max(...ends);
        const which = entries.length > 1 ? ` of ${name}` : '';
        if (ends.length === 0)
          return [fail(`the caBundle${which} holds no certificate: the API server trusts nobody`, logs)];
        if (last <= facts.now) return [fail(`all certificates in the caBundle${which} have expired`, logs)];
        if (last - facts.now < CA_SOON_MS)
          return [warn(`the caBundle${which} trusts nobody after ${dateOf(last)}`, logs)];
        return [];
      });
      if (findings.length > 0 || entries.length === 0) return findings;
      return ok('every entry has a caBundle');
    },
  },
  {
    name: 'certificate-trusted',
    about: 'the API server trusts the certificate that is in use, by the `caBundle` of every entry',
    judge(facts) {
      const { ca, asked, now } = facts;
      const entries = entriesOf(facts);
      if (entries.length === 0) return [];
      const who = [
        'who wrote the caBundle last, and whether Pullpass may write it:',
        { run: `kubectl get mutatingwebhookconfiguration ${asked.webhookConfiguration} -o yaml --show-managed-fields` },
      ];
      const status = statusOf(facts);
      // An expired one is said by the next check, and is no matter of the bundle.
      if (status !== undefined && (status.certificate.expires ?? 0) > now) {
        if (status.certificate.trusted) return ok('the API server trusts the certificate in use');
        return fail('the caBundle does not trust the certificate in use: every call fails', ...who);
      }
      if (status !== undefined) return [];
      if ('absent' in ca) return warn('cannot tell whether the certificate in use is trusted: no replica can be asked');
      if (!('found' in ca)) return cannotTell('whether the certificate in use is trusted', ca);
      const wanted = certificatesIn(ca.found).flatMap(fingerprintOf);
      const isThere = entries.every(({ clientConfig }) => {
        const there = certificatesIn(decoded(clientConfig?.caBundle)).flatMap(fingerprintOf);
        return wanted.some((one) => there.includes(one));
      });
      if (isThere) return ok('the caBundle holds the CA of Secret pullpass-ca');
      return fail('the caBundle does not hold the CA of Secret pullpass-ca: every call fails', ...who);
    },
  },
  {
    name: 'certificate-expiry',
    about:
      'the certificate in use has not expired, and does not within six hours: it should have been followed by another long ago',
    judge(facts) {
      const { asked, now } = facts;
      const status = statusOf(facts);
      if (status === undefined) return [];
      const { expires } = status.certificate;
      const logs = { run: `kubectl -n ${asked.namespace} logs deployment/${asked.service} | grep certificate` };
      if (expires === undefined) return fail('the replica has no certificate', logs);
      if (expires <= now)
        return fail(`the certificate in use expired on ${dateOf(expires)}: every call fails`, ...followers(logs));
      if (expires - now < LEAF_SOON_MS)
        return warn(`the certificate in use expires on ${dateOf(expires)}`, ...followers(logs));
      return ok(`the certificate in use is good until ${dateOf(expires)}`);
    },
  },
];

function followers(logs: { readonly run: string }) {
  return ['another should have followed; with certificate.files, look at who issues it:', logs];
}

/** To the minute, in UTC. */
export function dateOf(time: number): string {
  return new Date(time).toISOString().replace(/:\d\d\.\d+Z$/, 'Z');
}

function endOf(block: string): readonly number[] {
  return readOne(block, (certificate) => certificate.validToDate.getTime());
}

function fingerprintOf(block: string): readonly string[] {
  return readOne(block, ({ fingerprint256 }) => fingerprint256);
}

function readOne<T>(block: string, part: (certificate: X509Certificate) => T): readonly T[] {
  try {
    return [part(new X509Certificate(block))];
  } catch {
    return [];
  }
}
