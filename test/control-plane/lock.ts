// One maker at a time across processes: a folder is made or is there already, in one step. A lock whose owner is gone is
// taken over. Should two take over at once, both make the same thing under names of their own: wasteful, never wrong.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 250;
/** Made, and its owner still not written: whoever made it died in between. */
const OWNERLESS_MS = 5_000;

/** @param onWait called once if somebody else has it, with the id of that process */
export async function withLock<T>(path: string, onWait: (owner: number) => void, work: () => Promise<T>): Promise<T> {
  let told = false;
  while (!take(path)) {
    const owner = ownerOf(path);
    if (isAbandoned(path, owner)) {
      rmSync(path, { recursive: true, force: true });
      continue;
    }
    if (!told && owner !== undefined) onWait(owner);
    told ||= owner !== undefined;
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** Throws what is wrong with the folder around it: only `there already` is worth waiting for. */
function take(path: string): boolean {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(path, 'pid'), String(process.pid));
  return true;
}

function ownerOf(path: string): number | undefined {
  try {
    return Number(readFileSync(join(path, 'pid'), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAbandoned(path: string, owner: number | undefined): boolean {
  if (owner === undefined) return existsSync(path) && Date.now() - statSync(path).mtimeMs > OWNERLESS_MS;
  try {
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
