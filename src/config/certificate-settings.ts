// What the admission door shows to the API server: a certificate of our own CA, or one from files.
import { z } from 'zod';
import { checked, filePath } from './checks.ts';
import { duration } from './duration.ts';

const DAY_MS = 24 * 3_600_000;
const CA_LIFE_MIN_MS = 30_000;
const CA_LIFE_MAX_MS = 20 * 366 * DAY_MS;
const LEAF_LIFE_MIN_MS = 10_000;
const LEAF_LIFE_MAX_MS = 366 * DAY_MS;
/** A CA is followed by another when a third of its life is left, and all that it signed must have expired before it does. */
const LEAVES_IN_A_CA = 3;

const file = checked(filePath('a PEM file'));

const files = z.strictObject({
  cert: file.meta({ description: 'The certificate, PEM, with its intermediates behind it.' }),
  key: file.meta({ description: 'Its private key, PEM.' }),
  ca: file.exactOptional().meta({
    description:
      'The CA that signed it, PEM, which Pullpass then publishes in the webhook configuration. Absent: somebody else does, such as cert-manager.',
  }),
});

export const certificate = z
  .strictObject({
    files: files.exactOptional().meta({
      description:
        "Files with a certificate that somebody else issues, followed while it runs. Paths are relative to the configuration file's folder. Absent: Pullpass has a CA of its own, and each replica a certificate signed by it.",
    }),
    minTlsVersion: z
      .enum(['1.2', '1.3'])
      .default('1.3')
      .meta({ description: 'The oldest version of TLS that is spoken.' }),
    caLife: duration('8760h', CA_LIFE_MIN_MS, CA_LIFE_MAX_MS).meta({
      description: 'How long our own CA lives; after two thirds of it another takes its place.',
    }),
    leafLife: duration('168h', LEAF_LIFE_MIN_MS, LEAF_LIFE_MAX_MS).meta({
      description:
        'How long a certificate of our own CA lives, a third of `caLife` at most; after half of it another takes its place.',
    }),
  })
  .check(({ value, issues }) => {
    if (value.leafLife * LEAVES_IN_A_CA <= value.caLife) return;
    const message = 'a third of caLife at most, so that a CA outlives all that it signed';
    issues.push({ code: 'custom', message, path: ['leafLife'], input: value });
  });
