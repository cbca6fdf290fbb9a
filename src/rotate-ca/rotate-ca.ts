// `pullpass rotate-ca`: asks the replicas for a new CA and tells how far they are. It changes nothing itself but for the
// request: that stays if nobody takes it in time, and the next replica that starts will.
import { type Authorities, decodeAuthorities } from '../certificates/authorities.ts';

export interface RotateCaPorts {
  /** Leaves the request. */
  ask(): Promise<{ readonly failed: string } | 'asked'>;
  /** What the Secret of the CA holds now. */
  look(): Promise<
    { readonly failed: string } | { readonly texts: ReadonlyMap<string, string>; readonly asked: boolean }
  >;
  /** One line of progress. */
  say(line: string): void;
  sleep(ms: number): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** `failed` in words for the user. */
export type RotateCaResult = { readonly done: string } | { readonly failed: string };

const POLL_MS = 500;
/** Published everywhere, seen there, and a moment for every API server. */
const PATIENCE_MS = 90_000;

export async function rotateCa(ports: RotateCaPorts): Promise<RotateCaResult> {
  const before = await authoritiesNow(ports);
  if ('failed' in before) return before;
  const asked = await ports.ask();
  if (asked !== 'asked') return asked;
  ports.say('asked for a new CA, waiting for a replica to make it');
  const until = ports.now() + PATIENCE_MS;
  let prepared = false;
  while (ports.now() < until) {
    await ports.sleep(POLL_MS);
    const now = await authoritiesNow(ports);
    // An API server that restarts is no reason to give up.
    if ('failed' in now || now.asked) continue;
    if (!prepared) ports.say('the new CA is made, waiting until the webhook configuration holds it');
    prepared = true;
    if (now.authorities.current.cert !== before.authorities.current.cert && now.authorities.next === undefined) {
      return { done: describe(now.authorities) };
    }
  }
  return { failed: prepared ? NOT_PUBLISHED : NOT_TAKEN };
}

const NOT_TAKEN = `no replica took the request within ${PATIENCE_MS / 1_000} s; it stays, and is taken by the next that starts: kubectl get pods`;
const NOT_PUBLISHED = `the new CA is made but was not everywhere in the webhook configuration within ${PATIENCE_MS / 1_000} s; the replicas go on trying, their logs say why`;

function describe({ current, former }: Authorities): string {
  const last = former.at(-1);
  const drop =
    last === undefined ? '' : `; the one before leaves the webhook configuration on ${dateOf(last.dropAfter)}`;
  return `the new CA signs, and is good until ${dateOf(current.until)}${drop}`;
}

function dateOf(time: number): string {
  return new Date(time).toISOString();
}

async function authoritiesNow(
  ports: RotateCaPorts,
): Promise<{ readonly failed: string } | { readonly authorities: Authorities; readonly asked: boolean }> {
  const found = await ports.look();
  if ('failed' in found) return found;
  const decoded = decodeAuthorities(found.texts);
  return 'problem' in decoded
    ? { failed: `the Secret of the CA cannot be used: ${decoded.problem}` }
    : { authorities: decoded.authorities, asked: found.asked };
}
