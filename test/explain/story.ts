// The form of a story of `explain`: a state of the cluster, brought about as it comes about in life, the reason that is then printed,
// and the command that mends it.
import type { Reason } from '../../src/explain/advice.ts';
import type { ApiAnswer } from '../control-plane/api.ts';
import { eventually, expectOk, makeNamespace } from '../serve/installation.ts';
import { deploymentsPath, podsPath } from '../serve/story.ts';
import { MERGE, type Site } from './site.ts';

export const PRIVATE = 'ghcr.io/acme/app:1';

export interface Story {
  readonly reason: Reason;
  /** What the story is. */
  readonly tells: string;
  /** Of its namespace; default: those that take part. */
  readonly labels?: Readonly<Record<string, string>>;
  /** @returns the arguments of the command, without the namespace */
  readonly happens: (at: Place) => Promise<readonly string[]>;
  /** For standard input. */
  readonly input?: string;
  /** The namespace that is asked about; default: its own. */
  readonly namespace?: string;
  /** As it is printed, with NS for the namespace. */
  readonly fix?: readonly string[];
  /** Nothing is wrong. */
  readonly isFine?: true;
  /** The fix is run, in a shell, and after that nothing is wrong. */
  readonly mends?: true;
}

/** The arguments, once something was done. */
export async function after(done: Promise<unknown>, args: readonly string[]): Promise<readonly string[]> {
  await done;
  return args;
}

/** A namespace, and what is done in it. */
export interface Place {
  readonly namespace: string;
  readonly site: Site;
  create(path: string, object: object): Promise<ApiAnswer>;
  merge(path: string, patch: object): Promise<ApiAnswer>;
  pod(object: object): Promise<ApiAnswer>;
  /** @param pods how many of it are waited for */
  deployment(object: object, pods: number): Promise<void>;
  label(labels: Readonly<Record<string, string | null>>): Promise<ApiAnswer>;
}

export async function placeFor(
  site: Site,
  namespace: string,
  labels?: Readonly<Record<string, string>>,
): Promise<Place> {
  const { api } = site.plane;
  await makeNamespace(api, namespace, { ...(labels ?? { 'pullpass.dev/inject': 'enabled' }) });
  const create = (path: string, object: object): Promise<ApiAnswer> => expectOk(api.call('POST', path, object));
  const merge = (path: string, patch: object): Promise<ApiAnswer> => expectOk(api.call('PATCH', path, patch, MERGE));
  return {
    ...{ namespace, site, create, merge },
    pod: (object) => create(podsPath(namespace), object),
    async deployment(object, pods) {
      await create(deploymentsPath(namespace), object);
      await eventually(`Pods of ${namespace}`, async () => {
        const { body } = await api.call('GET', podsPath(namespace));
        return body.items.length >= pods ? true : undefined;
      });
    },
    label: (added) => merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels: added } }),
  };
}
