import t from 'tap';
import type { Labels } from '../../src/core/selector.ts';
import { credentialFromSecret, type LabelledSecret } from '../../src/credentials/labelled-secret.ts';
import { CANARY, CANARY_AUTH, hidden, leak } from '../config/canary.ts';

const LOGIN = { username: 'u', password: 'p' };
const MATCH = 'pullpass.dev/match';
const EXCEPT = 'pullpass.dev/except';
const NAMESPACES = 'pullpass.dev/namespaces';

function secret(auths: Readonly<Record<string, unknown>>, annotations: Labels = {}): LabelledSecret {
  const data = JSON.stringify({ auths });
  return { name: 'acme', uid: 'acme-1', type: 'kubernetes.io/dockerconfigjson', annotations, data };
}

function accepted(given: LabelledSecret, requireNamespaces = false) {
  const reading = credentialFromSecret(given, requireNamespaces);
  if ('problems' in reading) throw new Error(reading.problems.join('; '));
  return reading.loaded;
}

function refused(given: LabelledSecret, requireNamespaces = false): readonly string[] {
  const reading = credentialFromSecret(given, requireNamespaces);
  return 'problems' in reading ? reading.problems : [];
}

function texts(given: LabelledSecret): { readonly match: readonly string[]; readonly except: readonly string[] } {
  const { patterns, except } = accepted(given).credential;
  return { match: patterns.map(({ pattern }) => pattern.text), except: except.map(({ text }) => text) };
}

t.test('without an annotation the keys are the patterns', async (t) => {
  const { credential, logins } = accepted(
    secret({ 'ghcr.io': LOGIN, 'https://quay.io/v2/': { username: 'v', password: 'q' } }),
  );
  t.equal(credential.name, 'acme');
  t.same(
    credential.patterns.map(({ pattern, hasLogin }) => [pattern.text, hasLogin]),
    [
      ['ghcr.io', true],
      ['quay.io', true],
    ],
  );
  t.same(logins.get('ghcr.io'), LOGIN);
  t.equal(logins.get('quay.io')?.username, 'v');
  t.notOk('namespaces' in credential);
});

t.test('the older format', async (t) => {
  const data = JSON.stringify({ 'ghcr.io': LOGIN });
  t.same(texts({ ...secret({}), type: 'kubernetes.io/dockercfg', data }).match, ['ghcr.io']);
});

t.test('annotations narrow it', async (t) => {
  const given = secret(
    { 'ghcr.io': LOGIN },
    {
      [MATCH]: 'ghcr.io/acme, ghcr.io/acme-labs,ghcr.io/acme',
      [EXCEPT]: 'ghcr.io/acme/public',
      [NAMESPACES]: 'team=payments,stage!=dev',
      'example.com/x': 'y',
    },
  );
  t.same(texts(given), { match: ['ghcr.io/acme', 'ghcr.io/acme-labs'], except: ['ghcr.io/acme/public'] });
  t.same(accepted(given, true).credential.namespaces?.matchExpressions, [
    { key: 'team', operator: 'In', values: ['payments'] },
    { key: 'stage', operator: 'NotIn', values: ['dev'] },
  ]);
  t.same(texts(secret({ 'https://index.docker.io/v1/': LOGIN })), {
    match: ['docker.io'],
    except: ['docker.io/library'],
  });
  t.same(texts(secret({ 'docker.io': LOGIN }, { [EXCEPT]: 'docker.io/x' })).except, ['docker.io/x']);
});

t.test('a bad entry that no pattern needs is passed over', async (t) => {
  const auths = { 'ghcr.io': LOGIN, 'quay.io': {} };
  t.same(texts(secret(auths, { [MATCH]: 'ghcr.io' })).match, ['ghcr.io']);
  t.same(
    refused(secret(auths)),
    ['entry "quay.io" cannot be used: it holds no login'],
    'but without the annotation its key is a pattern',
  );
});

t.test('its scope never fails open', async (t) => {
  const rows: readonly (readonly [annotations: Labels, problems: readonly string[]])[] = [
    [{ 'pullpass.dev/exept': 'x' }, ['annotation pullpass.dev/exept is unknown, did you mean "pullpass.dev/except"?']],
    [
      { 'pullpass.dev/foo': 'x' },
      [
        'annotation pullpass.dev/foo is unknown, known are pullpass.dev/match, pullpass.dev/except, pullpass.dev/namespaces',
      ],
    ],
    [{ [MATCH]: '' }, [`annotation ${MATCH} "": a pattern must not be empty`]],
    [{ [MATCH]: 'ghcr.io/a,' }, [`annotation ${MATCH} "": a pattern must not be empty`]],
    [
      { [MATCH]: 'https://ghcr.io' },
      [`annotation ${MATCH} "https://ghcr.io": a pattern has no scheme, did you mean "ghcr.io"?`],
    ],
    [{ [MATCH]: 'quay.io' }, ['source has no entry for pattern "quay.io", it has entries for ghcr.io']],
    [{ [MATCH]: '*.ghcr.io' }, ['source has no entry for pattern "*.ghcr.io", it has entries for ghcr.io']],
    [{ [EXCEPT]: '' }, [`annotation ${EXCEPT} "": a pattern must not be empty`]],
    [
      { [EXCEPT]: 'ghcr.io/A' },
      [`annotation ${EXCEPT} "ghcr.io/A": "A": repository names are lower case, did you mean "a"?`],
    ],
    [
      { [NAMESPACES]: '' },
      [`annotation ${NAMESPACES}: "" is not a label requirement, write it like "team=payments" or "stage!=dev"`],
    ],
    [
      { [NAMESPACES]: 'a b=c' },
      [`annotation ${NAMESPACES}: "a b=c" is not a label requirement, write it like "team=payments" or "stage!=dev"`],
    ],
  ];
  for (const [annotations, problems] of rows) {
    t.same(refused(secret({ 'ghcr.io': LOGIN }, annotations)), problems, JSON.stringify(annotations));
  }
  t.same(refused(secret({ 'ghcr.io': LOGIN }), true), [
    `it needs the annotation ${NAMESPACES}, because requireNamespaces is on`,
  ]);
  t.equal(
    refused(secret({ 'ghcr.io': LOGIN }, { [MATCH]: 'A', [EXCEPT]: '', [NAMESPACES]: '=', 'pullpass.dev/x': '' }))
      .length,
    4,
    'everything wrong at once',
  );
});

t.test('Secrets that cannot be a credential', async (t) => {
  const base = secret({ 'ghcr.io': LOGIN });
  const rows: readonly (readonly [given: Partial<LabelledSecret>, problem: string])[] = [
    [
      { type: 'Opaque', data: undefined },
      'its type is Opaque, wanted kubernetes.io/dockerconfigjson, make it with kubectl create secret docker-registry',
    ],
    [{ data: undefined }, 'it has no key .dockerconfigjson, which Secrets of its type must have'],
    [
      { type: 'kubernetes.io/dockercfg', data: undefined },
      'it has no key .dockercfg, which Secrets of its type must have',
    ],
    [{ data: '{}' }, 'the docker config has no entry in "auths"'],
    [{ data: '{' }, 'the docker config is not JSON (line 1, column 2)'],
  ];
  for (const [given, problem] of rows) t.same(refused({ ...base, ...given }), [problem], problem);
});

t.test('no message holds a password', async (t) => {
  const rows: readonly LabelledSecret[] = [
    secret({ 'ghcr.io': { auth: `${CANARY_AUTH}!` } }),
    secret({ 'ghcr.io': { password: CANARY } }),
    secret({ [`u:${CANARY}@myregistry`]: { auth: CANARY_AUTH } }),
    secret({ 'ghcr.io': { auth: CANARY_AUTH } }, { 'pullpass.dev/password': CANARY }),
    secret({ 'ghcr.io': { auth: CANARY_AUTH } }, { [MATCH]: `u:${CANARY}@quay.io` }),
    secret({ 'ghcr.io': { auth: CANARY_AUTH } }, { [MATCH]: 'quay.io', [EXCEPT]: `u:${CANARY}@quay.io` }),
    { ...secret({}), data: `{"auths": {"ghcr.io": {"auth": ${CANARY_AUTH}}}}` },
    { ...secret({}), data: CANARY },
    { ...secret({ 'ghcr.io': { auth: CANARY_AUTH } }), type: 'Opaque' },
  ];
  for (const row of rows) {
    const problems = refused(row);
    t.ok(problems.length > 0, `refused: ${hidden(JSON.stringify(row))}`);
    t.equal(leak(problems.join('\n')) === undefined, true, hidden(JSON.stringify(row)));
  }
});
