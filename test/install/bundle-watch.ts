// Watches the webhook configuration as somebody else would, and writes down which caBundles every version of it had.
import { connect } from '../../src/cluster/client.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { WEBHOOK } from '../serve/installation.ts';

export interface BundleWatch {
  /** By version: the caBundle of each entry, as base64; empty where there is none. */
  readonly versions: readonly (readonly string[])[];
  /** @throws Error if it missed something */
  stop(): Promise<void>;
}

interface Event {
  readonly type: string;
  readonly object: { readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[] };
}

/** Resolves when it has seen the first version. */
export async function watchBundles(plane: ControlPlane): Promise<BundleWatch> {
  const client = connect({ kubeconfig: plane.kubeconfig });
  const stopping = new AbortController();
  const versions: (readonly string[])[] = [];
  let fault: unknown;
  const first = Promise.withResolvers<void>();
  const running = (async () => {
    const resource = 'mutatingwebhookconfigurations';
    const stream = client.stream({
      resource,
      path: `/apis/admissionregistration.k8s.io/v1/${resource}`,
      query: { watch: 'true', fieldSelector: `metadata.name=${WEBHOOK}` },
      signal: stopping.signal,
      inactivityMs: 600_000,
    });
    for await (const { type, object } of stream as AsyncIterable<Event>) {
      if (type !== 'ADDED' && type !== 'MODIFIED') throw new Error(`the watch saw ${type}`);
      versions.push(object.webhooks.map(({ clientConfig }) => clientConfig.caBundle ?? ''));
      first.resolve();
    }
    throw new Error('the watch was ended');
  })().catch((error: unknown) => {
    if (!stopping.signal.aborted) fault = error;
    first.reject(error);
  });
  await first.promise;
  return {
    versions,
    async stop() {
      stopping.abort();
      await running;
      await client.close();
      if (fault !== undefined) throw fault;
    },
  };
}
