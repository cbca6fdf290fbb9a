// `pullpass uninstall`: takes away what Pullpass made itself and no manifest names. The surprising rule: it does nothing while a
// replica runs, since that would make everything again; so it is safe to ask for it too early, or by mistake.

/** A pull Secret with our mark. */
export interface LeftPullSecret {
  readonly namespace: string;
  readonly name: string;
  readonly seen: { readonly uid: string; readonly resourceVersion: string };
}

/** In words for the user; the API server may answer later. */
export interface Failed {
  readonly failed: string;
}

/** In words, such as `the Secret pullpass-ca`. */
export interface OwnDeleted {
  readonly deleted: readonly string[];
  /** Of our name, but without our mark: left as they are. */
  readonly foreign: readonly string[];
}

export interface UninstallPorts {
  /** Pods of replicas, those on their way out too. */
  replicas(): Promise<number | Failed>;
  /** Those that carry our mark. */
  pullSecrets(name: string): Promise<readonly LeftPullSecret[] | Failed>;
  deletePullSecret(secret: LeftPullSecret): Promise<'deleted' | Failed>;
  /** Deletes all that Pullpass made in its own namespace. */
  deleteOwn(): Promise<OwnDeleted | Failed>;
  /** One line of progress. */
  say(line: string): void;
  sleep(ms: number): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
}

export type UninstallResult = { readonly done: string } | Failed;

const POLL_MS = 1_000;
/** Longer than a replica drains, and a little less than Helm waits. */
const PATIENCE_MS = 240_000;
/** Deletes that are under way at once. */
const AT_ONCE = 24;
/** Somebody may change a pull Secret between the look and the delete. */
const ROUNDS = 3;

/** @param names of pull Secrets that are to go; all others stay */
export async function uninstall(ports: UninstallPorts, names: readonly string[]): Promise<UninstallResult> {
  const running = await waitUntilGone(ports);
  if (running !== undefined) return running;
  let deleted = 0;
  for (const name of names) {
    const result = await deletePullSecrets(ports, name);
    if (typeof result !== 'number') return result;
    deleted += result;
  }
  const own = await deleteOwn(ports);
  if ('failed' in own) return own;
  const what = names.length === 0 ? 'pull Secrets stay' : `deleted ${deleted} pull Secrets`;
  const left = own.foreign.length === 0 ? '' : `; left, because it is not ours: ${own.foreign.join(', ')}`;
  return { done: `${what}; deleted in the own namespace: ${own.deleted.join(', ') || 'nothing'}${left}` };
}

async function waitUntilGone(ports: UninstallPorts): Promise<Failed | undefined> {
  const until = ports.now() + PATIENCE_MS;
  for (let said = ''; ; await ports.sleep(POLL_MS)) {
    const replicas = await ports.replicas();
    if (replicas === 0) return undefined;
    const line = typeof replicas === 'number' ? `waiting for ${replicas} replicas to end` : replicas.failed;
    if (line !== said) ports.say(line);
    said = line;
    if (ports.now() < until) continue;
    if (typeof replicas !== 'number') return replicas;
    return { failed: `${replicas} replicas still run, so nothing was deleted: delete their Deployment first` };
  }
}

/** @returns how many */
async function deletePullSecrets(ports: UninstallPorts, name: string): Promise<number | Failed> {
  let deleted = 0;
  let last = '';
  for (let round = 0; round < ROUNDS; round += 1) {
    const left = await ports.pullSecrets(name);
    if ('failed' in left) return left;
    if (left.length === 0) return deleted;
    const results = await inParallel(left, AT_ONCE, ports.deletePullSecret);
    deleted += results.filter((result) => result === 'deleted').length;
    last = results.find((result) => result !== 'deleted')?.failed ?? '';
    if (last === '') return deleted;
    await ports.sleep(POLL_MS);
  }
  return { failed: `pull Secrets ${name} are left, ${deleted} were deleted: ${last}` };
}

async function deleteOwn(ports: UninstallPorts): Promise<OwnDeleted | Failed> {
  for (let round = 1; ; round += 1) {
    const own = await ports.deleteOwn();
    if (!('failed' in own) || round === ROUNDS) return own;
    await ports.sleep(POLL_MS);
  }
}

async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  act: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.values();
  async function work(): Promise<void> {
    for (const item of queue) results.push(await act(item));
  }
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}
