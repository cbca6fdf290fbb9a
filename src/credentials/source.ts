// The port behind which every kind of source stands: files and programs. A source is asked for the patterns of one
// credential and answers what it has; it must never throw, and what it cannot read it reports while it goes on answering
// with the last logins that it could read.
import type { ConfiguredSource } from '../config/schema.ts';
import type { Pattern } from '../core/pattern.ts';
import type { KeptLogin } from './kept.ts';

export interface CredentialSource {
  /** Never rejects. */
  read(): Promise<SourceReading>;
  /** Calls back when a new reading may differ. @returns the function that ends it */
  watch(onChange: () => void): () => void;
}

export interface SourceReading {
  /** By the text of the pattern. A pattern that is missing has no login, and a problem says why. */
  readonly logins: ReadonlyMap<string, KeptLogin>;
  /** What is wrong with the source as a whole, or with an entry of it. */
  readonly problems: readonly string[];
  /** Why a pattern has no login, by its text. */
  readonly missing: ReadonlyMap<string, string>;
  /** Whether it says for sure what is to be done about a pattern, be it by having no login for it; absent: it never does. */
  tells?(pattern: Pattern): boolean;
}

/** For messages: `docker config /etc/pullpass/harbor.json`. */
export function describeSource(source: ConfiguredSource): string {
  switch (source.kind) {
    case 'dockerConfig':
      return `docker config ${source.path}`;
    case 'credentialProvider':
      return `credential provider ${source.command}`;
    case 'credentialHelper':
      return `credential helper docker-credential-${source.name}`;
  }
}
