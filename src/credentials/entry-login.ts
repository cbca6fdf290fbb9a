// The login in one entry of a docker config, read exactly as the kubelet reads it (pkg/credentialprovider/config.go): `auth`
// wins over username and password, its base64 is strict about padding but passes over line ends, and it is split at the
// first colon. No message of this file may hold any part of an entry. The surprising rule: what the kubelet would read but
// no registry could use (an empty password, an identity token alone) is a problem here, because it breaks public pulls.
import type { Login } from '../core/credential.ts';
import type { Parsed } from '../core/selector.ts';

/** Nothing but `problem` of a kind that says that there simply is no login, as opposed to a broken one. */
export type EntryLogin = Parsed<Login> | { readonly ok: false; readonly empty: true; readonly problem: string };

export function loginOfEntry(entry: unknown): EntryLogin {
  if (!isObject(entry)) return broken('its value is not an object');
  const fields = new Map<string, string>();
  for (const name of ['auth', 'username', 'password', 'identitytoken']) {
    const value = fieldOf(entry, name) ?? '';
    if (typeof value !== 'string')
      return broken(`"${name}" is not a string, so the kubelet reads nothing of the Secret`);
    fields.set(name, value);
  }
  const auth = fields.get('auth') ?? '';
  const login = auth === '' ? plainLogin(fields) : decodeAuth(auth);
  if (typeof login === 'string') return broken(login);
  return usable(login, (fields.get('identitytoken') ?? '') !== '');
}

function plainLogin(fields: ReadonlyMap<string, string>): Login {
  return { username: fields.get('username') ?? '', password: fields.get('password') ?? '' };
}

function usable(login: Login, hasToken: boolean): EntryLogin {
  const { username, password } = login;
  if (password === '' && hasToken) {
    return broken(
      'it has only an identity token, which the kubelet ignores, use a username and a password or access token',
    );
  }
  if (username === '' && password === '') return { ok: false, empty: true, problem: 'it holds no login' };
  if (username === '') return broken('it has a password but no username');
  if (password === '') return broken('it has a username but no password');
  if (username.includes(':')) return broken('its username holds a colon, at which the kubelet would cut it');
  if (!username.isWellFormed() || !password.isWellFormed()) return broken('its login is not valid Unicode');
  return { ok: true, value: login };
}

/** Go's base64.StdEncoding, or RawStdEncoding where the field does not end in `=`. */
function decodeAuth(auth: string): Login | string {
  const text = auth.replace(/[\r\n]/g, '');
  const padded = auth.trim().endsWith('=');
  const wellFormed = padded ? /^(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2}(?:==|[A-Za-z0-9+/]=)$/ : /^[A-Za-z0-9+/]+$/;
  if (!wellFormed.test(text) || (!padded && text.length % 4 === 1)) return '"auth" is not valid base64';
  const decoded = decodeUtf8(Buffer.from(text, 'base64'));
  if (decoded === undefined) return '"auth" is not UTF-8 once decoded';
  const colon = decoded.indexOf(':');
  if (colon < 0) return '"auth" is not base64 of username:password';
  // Old versions of docker filled the password up with NULs and strip them when they read it, so we do too.
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, '') };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function broken(problem: string): EntryLogin {
  return { ok: false, problem };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field by its name in any case, the last one wins: that is how Go reads JSON into a struct. */
export function fieldOf(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.entries(object).findLast(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}
