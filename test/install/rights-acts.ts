// What the probes of the rights have in common: what a probe is, and the few things that many of them do or look at. What a watch is
// for is not that news come, since a watch that is refused is followed by another list after a while, but that they come without one.
import { expectOk, pod } from '../serve/installation.ts';
import { listed, podsPath } from '../serve/story.ts';
import type { Installation } from './rights-site.ts';

/** Resolves when what is looked for is there. @throws Error when it is too late */
export type Until = (what: string, look: () => boolean | Promise<boolean>) => Promise<void>;

export interface Probe {
  /** Before the installation runs. */
  prepare?(site: Installation): Promise<void>;
  /** @throws Error when it is not so */
  run(site: Installation, until: Until): Promise<void>;
  /** For a moment the installation answers no admission. */
  readonly disturbs?: true;
}

export const IMAGE = 'ghcr.io/acme/app:1';
export const merge = 'application/merge-patch+json';
/** The pull Secrets, those of the former name, the labelled ones, the logins and the CA. */
const SECRET_LISTS = 5;

export const secretPath = (namespace: string, name: string): string =>
  `/api/v1/namespaces/${namespace}/secrets/${name}`;
export const found = async ({ api }: Installation, path: string) => {
  const { status, body } = await api.call('GET', path);
  return status === 200 ? body : undefined;
};
export const pullSecret = (site: Installation, namespace: string) =>
  found(site, secretPath(namespace, site.pullSecret));
export const textOf = (secret: { readonly data?: Readonly<Record<string, string>> } | undefined): string =>
  Buffer.from(secret?.data?.['.dockerconfigjson'] ?? '', 'base64').toString();

export function must(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

/** A namespace where the webhook answers. */
export async function served(site: Installation, until: Until, suffix: string): Promise<string> {
  const namespace = await site.makeNamespace(suffix);
  await until('a Pod is injected', async () => {
    const { body } = await site.api.call('POST', `${podsPath(namespace)}?dryRun=All`, pod('probe', IMAGE));
    return listed(body.spec).includes(site.pullSecret);
  });
  return namespace;
}

/** One with a Pod, and with the pull Secret before it. */
export async function injected(site: Installation, until: Until, suffix: string): Promise<string> {
  const namespace = await served(site, until, suffix);
  const { body } = await expectOk(site.api.call('POST', podsPath(namespace), pod('web', IMAGE)));
  must(listed(body.spec).includes(site.pullSecret), 'the Pod does not list it');
  must((await pullSecret(site, namespace)) !== undefined, 'it was not there before the Pod');
  return namespace;
}

/** @throws Error when the news came by another list */
export async function byWatch(
  site: Installation,
  until: Until,
  resource: string,
  see: () => Promise<void>,
): Promise<void> {
  const lists = () => site.calls({ verb: 'list', resource });
  if (resource === 'secrets') await until('all are listed', async () => (await lists()) >= SECRET_LISTS);
  const before = await lists();
  await see();
  must((await lists()) === before, `${resource} were listed again`);
}
