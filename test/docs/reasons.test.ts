// Reasons and their documents: each means in the document what it means in the code, and each on which a user can act stands
// where he is told what to do.
import t from 'tap';
import {
  APPLY_REASONS,
  BUNDLE_OUTCOMES,
  CERTIFICATE_OUTCOMES,
  DELETE_REASONS,
  ENSURE_REASONS,
  IMAGE_REASONS,
  OBJECT_REASONS,
  REFUSE_REASONS,
  REJECT_REASONS,
  REPLACE_REASONS,
  WRITE_OUTCOMES,
} from '../../src/core/reason.ts';
import { HEALTH_RESULTS } from '../../src/registry/try-login.ts';
import type { PodEvent } from '../../src/sync/missed-pods.ts';
import { part, quoted, read, rows } from './documents.ts';

const operations = read('docs/operations.md');
const troubleshooting = read('docs/troubleshooting.md');

type Reasons = Readonly<Record<string, string>>;
const ACTS: Readonly<Record<string, Reasons>> = {
  apply: APPLY_REASONS,
  replace: REPLACE_REASONS,
  delete: DELETE_REASONS,
  refuse: REFUSE_REASONS,
};
const SYNC = Object.entries(ACTS).flatMap(([act, reasons]) =>
  Object.entries(reasons).map(([reason, means]) => [act, `\`${reason}\``, means]),
);
const rowsOf = (reasons: Reasons): string[][] =>
  Object.entries(reasons).map(([reason, means]) => [`\`${reason}\``, means]);

t.test('the tables of reasons are those of the code, in its words', async (t) => {
  const tables = {
    '**Object**': rowsOf(OBJECT_REASONS),
    '**Image**': rowsOf(IMAGE_REASONS),
    '**Request (not answered with a review)**': rowsOf(REJECT_REASONS),
    '**Pull Secret (ensure)**': rowsOf(ENSURE_REASONS),
    '**Pull Secret (sync)**': SYNC,
    '**Outcome of a change (sync)**': rowsOf(WRITE_OUTCOMES),
    '**Outcome of a change of the certificate**': rowsOf(CERTIFICATE_OUTCOMES),
    '**Outcome of a write of the caBundle**': rowsOf(BUNDLE_OUTCOMES),
  };
  for (const [head, expected] of Object.entries(tables)) t.same(rows(part(operations, head)), expected, head);
});

/** Where a user finds what to do, and the reasons that need no row there, with why. */
const GUIDES: readonly {
  readonly head: string;
  readonly reasons: readonly string[];
  readonly without: Readonly<Record<string, string>>;
}[] = [
  { head: '## Why was my Pod not patched?', reasons: Object.keys(OBJECT_REASONS), without: {} },
  { head: '### By image', reasons: Object.keys(IMAGE_REASONS), without: { served: 'the image has what it needs' } },
  {
    head: '## The object was served, but the image is not pulled',
    reasons: Object.keys(ENSURE_REASONS),
    without: {},
  },
  { head: '### By reason (requests)', reasons: Object.keys(REJECT_REASONS), without: {} },
  { head: '### By reason (sync)', reasons: Object.values(ACTS).flatMap(Object.keys), without: {} },
  {
    head: '### By outcome (sync)',
    reasons: Object.keys(WRITE_OUTCOMES),
    without: { written: 'the change was made', deleted: 'the change was made' },
  },
  {
    head: '## The caBundle is not what it should be',
    reasons: Object.keys(BUNDLE_OUTCOMES),
    without: { written: 'it is what it should be' },
  },
  {
    head: '## The certificate is not followed by the next',
    reasons: Object.keys(CERTIFICATE_OUTCOMES),
    without: { swapped: 'it is in use' },
  },
  { head: '## A login is not accepted', reasons: Object.keys(HEALTH_RESULTS), without: {} },
];

t.test('what a user can do stands in a row, and nothing else', async (t) => {
  for (const { head, reasons, without } of GUIDES) {
    const guided = rows(part(troubleshooting, head));
    const told = guided.flatMap(([reason = '']) => quoted(reason));
    const wanted = reasons.filter((reason) => !Object.hasOwn(without, reason));
    t.same([...told].sort(), [...new Set(wanted)].sort(), head);
    for (const [reason, advice] of guided) t.match(advice, /\S/, `${head}: ${reason}`);
    for (const reason of Object.keys(without)) t.ok(reasons.includes(reason), `${head}: ${reason} is a reason`);
  }
});

t.test('so do the reasons of programs, of the kept logins and of restarts', async (t) => {
  const heads = {
    '## A program gives no login': 'pullpass_source_failures_total',
    '## The logins could not be kept': 'pullpass_logins_kept_total',
    '## A Pod waits, and its list lacks the pull Secret': 'pullpass_pod_restarts_total',
    '## My credential is not in force': 'pullpass_credential_problems',
  };
  const table = rows(part(operations, '## Metrics'));
  for (const [head, metric] of Object.entries(heads)) {
    const [, , is = ''] = table.find(([name]) => name === `\`${metric}\``) ?? [];
    const values = quoted(is).filter(
      (value) => /^[a-z-]+$/.test(value) && value !== 'kept' && value !== 'pullpass-logins',
    );
    const told = rows(part(troubleshooting, head)).flatMap(([reason = '']) => quoted(reason));
    t.ok(values.length > 2, metric);
    t.same([...told].sort(), [...values].sort(), head);
  }
});

/** As `src/serve/events.ts` names them. */
const SECRET_EVENTS = ['PullSecretRefused', 'CredentialRefused', 'CredentialShadowed'] as const;

t.test('every Event has a row', async (t) => {
  const events = {
    PullSecretMissed: true,
    PullSecretRepairFailed: true,
    PullSecretRefused: true,
    CredentialRefused: true,
    CredentialShadowed: true,
  } satisfies Record<PodEvent['reason'] | (typeof SECRET_EVENTS)[number], true>;
  const told = rows(part(troubleshooting, '## What an Event says')).flatMap(([name = '']) => quoted(name));
  t.same([...told].sort(), Object.keys(events).sort());
});

t.test('the names of those Events are the ones that are written', async (t) => {
  const source = read('src/serve/events.ts');
  const written = [...source.matchAll(/'((?:PullSecret|Credential)[A-Z][A-Za-z]+)'/g)].map(([, name]) => name);
  t.same([...new Set(written)].sort(), [...SECRET_EVENTS].sort());
});
