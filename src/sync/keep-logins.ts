// Keeps the last good login of every credential where all replicas read it, before any pull Secret is written with it. It
// writes only what differs, bound to the version that was seen. A fault here must not stop a rotation: the pull Secrets get
// their logins anyway, only a restart would not remember them, which is said.

export interface KeptSecret {
  readonly ours: boolean;
  readonly texts: ReadonlyMap<string, string>;
}

export interface KeepLoginsPorts<S extends KeptSecret> {
  /** What should be kept, by the name of the credential. */
  wanted(): ReadonlyMap<string, string>;
  present(): S | undefined;
  mayWrite(): boolean;
  write(texts: ReadonlyMap<string, string>, seen: S | undefined): Promise<{ readonly failed?: string }>;
  report(outcome: KeepOutcome): void;
}

export type KeepOutcome =
  | { readonly outcome: 'kept' }
  | { readonly outcome: 'foreign' | 'too-large' | 'failed'; readonly problem: string };

/** A Secret may hold 1 MiB. */
const MAX_BYTES = 900 * 1024;

/** @returns a function that keeps what is to be kept now; it never rejects */
export function createKeepLogins<S extends KeptSecret>(ports: KeepLoginsPorts<S>): () => Promise<void> {
  return async () => {
    const [wanted, present] = [ports.wanted(), ports.present()];
    if (sameTexts(wanted, present?.texts) || !ports.mayWrite()) return;
    if (wanted.size === 0 && present === undefined) return;
    const problem = obstacle(wanted, present);
    if (problem !== undefined) {
      ports.report(problem);
      return;
    }
    const { failed } = await ports.write(wanted, present);
    ports.report(failed === undefined ? { outcome: 'kept' } : { outcome: 'failed', problem: failed });
  };
}

function obstacle(wanted: ReadonlyMap<string, string>, present: KeptSecret | undefined): KeepOutcome | undefined {
  if (present !== undefined && !present.ours) {
    return { outcome: 'foreign', problem: 'a Secret of that name is there that is not ours, rename or delete it' };
  }
  let bytes = 0;
  for (const [name, text] of wanted) bytes += name.length + Buffer.byteLength(text);
  if (bytes <= MAX_BYTES) return undefined;
  return { outcome: 'too-large', problem: `${bytes} bytes are more than a Secret may hold` };
}

function sameTexts(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string> | undefined): boolean {
  if (b === undefined || a.size !== b.size) return false;
  for (const [name, text] of a) if (b.get(name) !== text) return false;
  return true;
}
