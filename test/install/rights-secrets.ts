// What an installation does with Secrets, a probe for each thing that it needs a right for: pull Secrets, those of a former name, and
// its own. Each is something that a user could see.
import { expectOk } from '../serve/installation.ts';
import { byWatch, found, injected, merge, must, type Probe, pullSecret, secretPath, textOf } from './rights-acts.ts';
import { type Installation, LOGINLESS, LOGINLESS_HOST, labelledSecret } from './rights-site.ts';

/** One of ours that holds the login of a credential which has none any more. @param isOld of the older type */
async function writtenBefore(
  { api, name: instance }: Installation,
  namespace: string,
  name: string,
  isOld = false,
): Promise<void> {
  const labels = { 'app.kubernetes.io/managed-by': 'pullpass', 'pullpass.dev/instance': instance };
  const metadata = { name, labels, annotations: { 'pullpass.dev/credentials': LOGINLESS } };
  const login = { username: 'AWS', password: 'fake', auth: Buffer.from('AWS:fake').toString('base64') };
  const auths = { [LOGINLESS_HOST]: login };
  const [key, content] = isOld ? ['dockercfg', auths] : ['dockerconfigjson', { auths }];
  const data = { [`.${key}`]: Buffer.from(JSON.stringify(content)).toString('base64') };
  const secret = { metadata, type: `kubernetes.io/${key}`, data };
  await expectOk(api.call('POST', `/api/v1/namespaces/${namespace}/secrets`, secret));
}

/** A namespace with one of a former name, and a stranger's Secret where the one that should follow it would be. */
async function blocked(site: Installation, suffix: string, isOld?: boolean): Promise<void> {
  const namespace = await site.makeNamespace(suffix);
  const foreign = { metadata: { name: site.pullSecret }, type: 'Opaque' };
  await expectOk(site.api.call('POST', `/api/v1/namespaces/${namespace}/secrets`, foreign));
  await writtenBefore(site, namespace, site.former, isOld);
}

export const SECRET_PROBES = {
  'a fresh namespace gets its pull Secret before its Pod': {
    run: async (site, until) => void (await injected(site, until, 'fresh')),
  },

  'a deleted pull Secret comes back': {
    async run(site, until) {
      const namespace = await injected(site, until, 'deleted');
      await byWatch(site, until, 'secrets', async () => {
        await expectOk(site.api.call('DELETE', secretPath(namespace, site.pullSecret)));
        await until('it is back', async () => (await pullSecret(site, namespace)) !== undefined);
      });
    },
  },

  'a namespace that takes part no more loses its pull Secret': {
    async run(site, until) {
      const namespace = await injected(site, until, 'leaving');
      await byWatch(site, until, 'namespaces', async () => {
        const labels = { metadata: { labels: { team: null } } };
        await expectOk(site.api.call('PATCH', `/api/v1/namespaces/${namespace}`, labels, merge));
        await until('it goes', async () => (await pullSecret(site, namespace)) === undefined);
      });
    },
  },

  'a login that no source gives just now is carried over': {
    async prepare(site) {
      await writtenBefore(site, await site.makeNamespace('carried'), site.pullSecret);
    },
    run: (site, until) =>
      until('both are in it', async () => {
        const text = textOf(await pullSecret(site, `${site.name}-carried`));
        return text.includes(LOGINLESS_HOST) && text.includes('ghcr.io');
      }),
  },

  'a pull Secret of a former name goes when another follows it': {
    async prepare(site) {
      await writtenBefore(site, await site.makeNamespace('former'), site.former);
    },
    async run(site, until) {
      await until('gone', async () => !(await found(site, secretPath(`${site.name}-former`, site.former))));
      must((await pullSecret(site, `${site.name}-former`)) !== undefined, 'nothing follows it');
    },
  },

  'a pull Secret that comes up under a former name goes': {
    async run(site, until) {
      const namespace = await site.makeNamespace('again');
      await byWatch(site, until, 'secrets', async () => {
        await writtenBefore(site, namespace, site.former);
        await until('gone', async () => !(await found(site, secretPath(namespace, site.former))));
      });
    },
  },

  'a pull Secret of a former name that nothing can follow is kept true': {
    prepare: (site) => blocked(site, 'blocked'),
    run: (site, until) =>
      until('a further login is in it', async () => {
        const text = textOf(await found(site, secretPath(`${site.name}-blocked`, site.former)));
        return text.includes(LOGINLESS_HOST) && text.includes('ghcr.io');
      }),
  },

  'a pull Secret of a former name, and of another type, is made anew': {
    prepare: (site) => blocked(site, 'retyped', true),
    run: (site, until) =>
      until('of the type that it should have', async () => {
        const secret = await found(site, secretPath(`${site.name}-retyped`, site.former));
        return secret?.type === 'kubernetes.io/dockerconfigjson';
      }),
  },

  'its CA is kept in a Secret': {
    run: (site, until) =>
      until('kept', async () => (await found(site, secretPath(site.name, 'pullpass-ca'))) !== undefined),
  },

  'a changed login is taken': {
    async run(site, until) {
      const namespace = await injected(site, until, 'changed');
      const secret = labelledSecret(site.name, 'fake-changed');
      await byWatch(site, until, 'secrets', async () => {
        await expectOk(site.api.call('PATCH', secretPath(site.name, 'ghcr'), { data: secret.data }, merge));
        await until('taken', async () => textOf(await pullSecret(site, namespace)).includes('fake-changed'));
      });
    },
  },

  'the logins are kept': {
    run: (site, until) =>
      until('kept', async () => {
        const secret = await found(site, secretPath(site.name, 'pullpass-logins'));
        return secret?.data?.ghcr !== undefined;
      }),
  },
} satisfies Record<string, Probe>;
