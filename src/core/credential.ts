// One registry access, without its logins: what it is called, which images it serves and which namespaces may use it.
// Logins never enter this type: decisions are made from credentials, and a decision must not be able to leak a login.
import type { Pattern } from './pattern.ts';
import type { LabelSelector } from './selector.ts';

export interface Credential {
  /** Unique among all credentials; a DNS subdomain name. */
  readonly name: string;
  /** What it serves, each with whether its source has a login for it now. A pattern without a login is no candidate. */
  readonly patterns: readonly CredentialPattern[];
  /** What it does not serve although a pattern covers it. */
  readonly except: readonly Pattern[];
  /** The namespaces that may use it; absent: every enabled one. */
  readonly namespaces?: LabelSelector;
}

export interface CredentialPattern {
  readonly pattern: Pattern;
  readonly hasLogin: boolean;
}

/** A username and password as a source yields them. The username holds no colon: the kubelet splits `auth` at the first. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Looks up the login of a credential's pattern; undefined: the source has none. */
export type Logins = (credential: string, pattern: Pattern) => Login | undefined;
