// Hands what a list or a watch brought to the owner of a memory. Errors of the owner are contained here: counted, logged
// without their message (it may quote the object) and otherwise without effect on what comes next.
import type { ApiObject } from './api-object.ts';
import type { Log } from './client.ts';

export interface Owner<T> {
  /** What is kept of an object; the object itself is let go at once. */
  project(object: ApiObject): T;
  /** Whether the owner holds exactly this already: then a list brings no news of it, and leaves no garbage. */
  holds?(object: ApiObject): boolean;
  /** Unless `holds` says otherwise, also called for what is unchanged since the last list. */
  onSet(namespace: string, name: string, value: T, version: string): void;
  /** @param version as of which it is gone */
  onDelete(namespace: string, name: string, version: string): void;
  /** The keys, `namespace/name`, that the owner holds now. */
  known(): Iterable<string>;
  /** The first complete list has been delivered. */
  onSynced?(): void;
}

export interface Delivery {
  set(object: ApiObject): void;
  /** The same of one in a list, most of which is known. */
  list(object: ApiObject): void;
  remove(object: ApiObject): void;
  /** Reports what the owner knows and a complete list did not hold as deleted. */
  listed(keys: ReadonlySet<string>, version: string): void;
  synced(): void;
  errors(): number;
}

export function deliverTo<T>(owner: Owner<T>, resource: string, log: Log): Delivery {
  let errors = 0;

  function contained(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      errors += 1;
      log.error('a callback of a watch failed', { resource, at: frames(error) });
    }
  }

  function remove(key: string, version: string): void {
    const slash = key.indexOf('/');
    contained(() => owner.onDelete(key.slice(0, slash), key.slice(slash + 1), version));
  }

  function set(object: ApiObject): void {
    const { namespace = '', name = '', resourceVersion = '' } = object.metadata ?? {};
    owner.onSet(namespace, name, owner.project(object), resourceVersion);
  }

  return {
    set: (object) => contained(() => set(object)),
    list: (object) => contained(() => owner.holds?.(object) || set(object)),
    remove: (object) => remove(keyOf(object), object.metadata?.resourceVersion ?? ''),
    listed(keys, version) {
      const gone: string[] = [];
      contained(() => {
        for (const key of owner.known()) if (!keys.has(key)) gone.push(key);
      });
      for (const key of gone) remove(key, version);
    },
    synced: () => contained(() => owner.onSynced?.()),
    errors: () => errors,
  };
}

export function keyOf({ metadata }: ApiObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

/** Where an error came from, without its message. */
export function frames(error: unknown): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const lines = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return lines.slice(0, 4).map((line) => line.trim());
}
