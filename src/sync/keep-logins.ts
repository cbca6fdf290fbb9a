// Keeps the last good login of every credential where all replicas read it, before any pull Secret is written with it. It
// writes only what differs, bound to the version that was seen. A fault here must not stop a rotation: the pull Secrets get
// their logins anyway, only a restart would not remember them, which is said. What there is no room for must not keep the
// others from being kept.

export interface KeptSecret {
  readonly ours: boolean;
  readonly texts: ReadonlyMap<string, string>;
}

export interface KeepLoginsPorts<S extends KeptSecret> {
  /** What should be kept, by the name of the credential; where there is no room for all, the last is left out first. */
  wanted(): ReadonlyMap<string, string>;
  present(): S | undefined;
  mayWrite(): boolean;
  write(texts: ReadonlyMap<string, string>, seen: S | undefined): Promise<{ readonly failed?: string }>;
  report(outcome: KeepOutcome): void;
}

/** too-large: the others are kept. */
export type KeepOutcome =
  | { readonly outcome: 'kept' }
  | { readonly outcome: 'foreign' | 'too-large' | 'failed'; readonly problem: string };

/** A Secret may hold 1 MiB. */
const MAX_BYTES = 900 * 1024;
/** So many that are left out are named, the others only counted. */
const NAMED = 20;

interface Selection {
  readonly texts: ReadonlyMap<string, string>;
  readonly leftOut: readonly string[];
}

/** @returns a function that keeps what is to be kept now; it never rejects */
export function createKeepLogins<S extends KeptSecret>(ports: KeepLoginsPorts<S>): () => Promise<void> {
  let said = '';

  function sayKept(leftOut: readonly string[]): void {
    said = leftOut.join();
    ports.report(leftOut.length === 0 ? { outcome: 'kept' } : tooLarge(leftOut));
  }

  return async () => {
    const present = ports.present();
    const { texts, leftOut } = whatFits(ports.wanted());
    if (!ports.mayWrite() || (texts.size === 0 && present === undefined)) return;
    if (present !== undefined && !present.ours) {
      const problem = 'a Secret of that name is there that is not ours, rename or delete it';
      ports.report({ outcome: 'foreign', problem });
      return;
    }
    if (sameTexts(texts, present?.texts)) {
      // Whoever is elected anew finds all written, and says what could not be.
      if (leftOut.length > 0 && leftOut.join() !== said) sayKept(leftOut);
      return;
    }
    const { failed } = await ports.write(texts, present);
    if (failed === undefined) sayKept(leftOut);
    else ports.report({ outcome: 'failed', problem: failed });
  };
}

function whatFits(wanted: ReadonlyMap<string, string>): Selection {
  const rows = [...wanted].map(([name, text]) => ({ name, text, bytes: name.length + Buffer.byteLength(text) }));
  let bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const leftOut: string[] = [];
  while (bytes > MAX_BYTES) {
    const last = rows.pop();
    bytes -= last?.bytes ?? 0;
    leftOut.push(last?.name ?? '');
  }
  return { texts: new Map(rows.map(({ name, text }) => [name, text])), leftOut };
}

function tooLarge(leftOut: readonly string[]): KeepOutcome {
  const named = leftOut.slice(0, NAMED).join(', ');
  const more = leftOut.length > NAMED ? ` and ${leftOut.length - NAMED} more` : '';
  return {
    outcome: 'too-large',
    problem: `there is no room for ${named}${more}, which a restart would forget, the others are kept`,
  };
}

function sameTexts(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string> | undefined): boolean {
  if (b === undefined || a.size !== b.size) return false;
  for (const [name, text] of a) if (b.get(name) !== text) return false;
  return true;
}
