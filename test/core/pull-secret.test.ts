// The pull Secret: its bytes, its marks, and when an admission has to write it.
import t from 'tap';
import type { Login } from '../../src/core/credential.ts';
import type { Pattern } from '../../src/core/pattern.ts';
import {
  CONTENT_MAX_BYTES,
  isPullSecretType,
  type PullSecretContent,
  pullSecretMetadata,
  renderPullSecret,
} from '../../src/core/pull-secret.ts';
import { credential } from './given.ts';

const JSON_TYPE = 'kubernetes.io/dockerconfigjson';
const OLD_TYPE = 'kubernetes.io/dockercfg';
const login: Login = { username: 'robot', password: 'not:a:password' };
const entry = { ...login, auth: Buffer.from('robot:not:a:password').toString('base64') };

function withoutKeys(content: PullSecretContent | undefined): object {
  const { keys, ...rest } = content ?? { keys: new Map() };
  return { ...rest, keys: [...keys].map(([key, { credential }]) => `${key} ${credential.name}`) };
}

t.test('both types', async (t) => {
  const credentials = [credential('b', ['r.io']), credential('a', ['e.io/x/'])];
  const auths = { 'e.io/x/': entry, 'r.io': entry };
  const rest = { credentials: ['a', 'b'], unreadable: [], keys: ['e.io/x/ a', 'r.io b'] };
  t.same(withoutKeys(renderPullSecret(credentials, () => login, JSON_TYPE)), {
    type: JSON_TYPE,
    dataKey: '.dockerconfigjson',
    value: JSON.stringify({ auths }),
    ...rest,
  });
  t.same(withoutKeys(renderPullSecret(credentials, () => login, OLD_TYPE)), {
    type: OLD_TYPE,
    dataKey: '.dockercfg',
    value: JSON.stringify(auths),
    ...rest,
  });
  t.equal(renderPullSecret([], () => login, JSON_TYPE)?.value, '{"auths":{}}', 'none is valid too');
  for (const type of [JSON_TYPE, OLD_TYPE]) t.equal(isPullSecretType(type), true);
  for (const type of ['Opaque', 'constructor', '']) t.equal(isPullSecretType(type), false, type);
});

t.test('asks for the login of the pattern that a key stands for', async (t) => {
  const asked: string[] = [];
  const credentials = [credential('a', ['r.io', 'r.io/x/', 'e.io'], { missing: ['e.io'] })];
  function logins(name: string, { text }: Pattern): Login {
    asked.push(`${name} ${text}`);
    return login;
  }
  renderPullSecret(credentials, logins, JSON_TYPE);
  t.same(asked, ['a r.io', 'a r.io/x/']);
});

const UNREADABLE: readonly (readonly [login: Login, because: string])[] = [
  [{ username: 'a:b', password: 'x' }, 'a colon in the username would end it there'],
  [{ username: '', password: 'x' }, 'no username'],
  [{ username: 'a', password: '\ud800' }, 'half a surrogate pair has no bytes'],
];

t.test('a login that the kubelet could not read is left out alone', async (t) => {
  for (const [bad, because] of UNREADABLE) {
    const credentials = [credential('bad', ['r.io']), credential('good', ['e.io'])];
    const content = renderPullSecret(credentials, (name) => (name === 'bad' ? bad : login), JSON_TYPE);
    t.same(JSON.parse(content?.value ?? ''), { auths: { 'e.io': entry } }, because);
    t.same(content?.unreadable, ['bad'], because);
  }
  const odd = { username: 'ü', password: ' :\n"\\' };
  const content = renderPullSecret([credential('a', ['r.io'])], () => odd, JSON_TYPE);
  t.same(content?.unreadable, [], 'odd characters alone are no fault');
});

t.test('credentials without any login are not named; a source without one is passed over', async (t) => {
  const credentials = [credential('a', ['r.io'], { missing: ['r.io'] }), credential('b', ['e.io'])];
  const content = renderPullSecret(credentials, () => undefined, JSON_TYPE);
  t.match(content, { value: '{"auths":{}}', credentials: ['b'], unreadable: [] });
});

t.test('too large is refused as a whole', async (t) => {
  const credentials = [credential('a', ['r.io'])];
  // A password of n bytes stands there twice, once in base64.
  const fits = renderPullSecret(credentials, () => ({ username: 'a', password: 'x'.repeat(394_000) }), JSON_TYPE);
  t.ok(fits !== undefined && fits.value.length > CONTENT_MAX_BYTES - 4096, 'nearly too large');
  t.equal(
    renderPullSecret(credentials, () => ({ username: 'a', password: 'x'.repeat(396_000) }), JSON_TYPE),
    undefined,
  );
  const wide = { username: 'a', password: '€'.repeat(140_000) };
  t.equal(
    renderPullSecret(credentials, () => wide, JSON_TYPE),
    undefined,
    'bytes count, not characters',
  );
  const globs = Array.from({ length: 60 }, (_, i) => [`${'a'.repeat(i)}*.r.io`, `*${'b'.repeat(i + 1)}.r.io`]).flat();
  t.equal(
    renderPullSecret([credential('a', globs)], () => login, JSON_TYPE),
    undefined,
    'too many overlaps',
  );
});

t.test('the marks win over what the administrator set', async (t) => {
  const content = renderPullSecret([credential('b', ['r.io']), credential('a', ['e.io'])], () => login, JSON_TYPE);
  if (content === undefined) return t.fail('not rendered');
  const labels = { team: 'x', 'app.kubernetes.io/managed-by': 'Helm', 'pullpass.dev/instance': 'other' };
  const annotations = { note: 'y', 'pullpass.dev/credentials': 'z' };
  const settings = { name: 'pull', type: JSON_TYPE, labels, annotations, instance: 'pullpass-system' } as const;
  t.same(pullSecretMetadata(settings, content), {
    labels: { team: 'x', 'app.kubernetes.io/managed-by': 'pullpass', 'pullpass.dev/instance': 'pullpass-system' },
    annotations: { note: 'y', 'pullpass.dev/credentials': 'a,b' },
  });
});
