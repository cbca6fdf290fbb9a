// Puts our CA into every webhook of one MutatingWebhookConfiguration, so that the API server trusts our certificate. It must
// never create or replace the configuration: the chart owns it. Every write is bound to the version that was read, and it
// goes on trying for ever, because without our CA no admission reaches us.
import { backoff } from './backoff.ts';
import { withCa } from './ca-bundle.ts';
import type { Client, Log } from './client.ts';
import type { Time } from './time.ts';
import { ApiUnavailable } from './unavailable.ts';
import type { WebhookScope } from './webhook-rules.ts';

const TIMEOUT_MS = 10_000;
const RESOURCE = 'mutatingwebhookconfigurations';

export interface PublishCaOptions {
  readonly client: Pick<Client, 'call'>;
  /** Of the MutatingWebhookConfiguration. */
  readonly name: string;
  readonly caPem: string;
  readonly signal?: AbortSignal;
  readonly time: Time;
  readonly log: Log;
}

interface WebhookConfiguration {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly webhooks?: readonly { readonly clientConfig?: { readonly caBundle?: string } }[] | null;
}

/** 'missing' and the sentences are reasons to try again. */
type Attempt = 'published' | 'present' | 'missing' | { readonly problem: string };

/** Resolves when every webhook of the configuration carries our CA, or when the signal aborts; never rejects. */
export async function publishCa(options: PublishCaOptions): Promise<'published' | 'aborted'> {
  const { name, signal, time, log } = options;
  const pause = backoff(time);
  let said = '';
  for (;;) {
    const outcome = await attempt(options);
    if (outcome === 'published' || outcome === 'present') {
      log.info('our CA is in the webhook configuration', { name, written: outcome === 'published' });
      return 'published';
    }
    if (signal?.aborted) return 'aborted';
    const problem = outcome === 'missing' ? 'it does not exist yet, install the chart' : outcome.problem;
    if (problem !== said) log.warn('our CA is not in the webhook configuration yet, trying on', { name, why: problem });
    said = problem;
    await time.sleep(pause.next(), signal);
    if (signal?.aborted) return 'aborted';
  }
}

async function attempt({ client, name, caPem, signal, time }: PublishCaOptions): Promise<Attempt> {
  const path = `/apis/admissionregistration.k8s.io/v1/${RESOURCE}/${encodeURIComponent(name)}`;
  const common = { resource: RESOURCE, path, timeoutMs: TIMEOUT_MS, ...(signal && { signal }) };
  try {
    const read = await client.call({ verb: 'get', ...common });
    if (read.status === 404) return 'missing';
    if (read.status !== 200) return { problem: `get: the API server answered ${read.status}` };
    if (!hasWebhooks(read.body as WebhookConfiguration)) return { problem: 'it has no webhooks' };
    const patch = patchFor(read.body as WebhookConfiguration, caPem, time.now());
    if (patch.length === 0) return 'present';
    const contentType = 'application/json-patch+json';
    const write = await client.call({ verb: 'patch', contentType, body: patch, ...common });
    if (write.status === 200) return 'published';
    // A failed `test` is a 422: somebody wrote in between.
    if (write.status === 409 || write.status === 422) return { problem: 'it was changed at the same time' };
    return { problem: `patch: the API server answered ${write.status}` };
  } catch (error) {
    return { problem: error instanceof ApiUnavailable ? error.message : 'its content is not as expected' };
  }
}

/** @returns undefined if it is not there, or cannot be read now */
export async function readWebhooks(
  client: Pick<Client, 'call'>,
  name: string,
): Promise<readonly WebhookScope[] | undefined> {
  const path = `/apis/admissionregistration.k8s.io/v1/${RESOURCE}/${encodeURIComponent(name)}`;
  try {
    const { status, body } = await client.call({ verb: 'get', resource: RESOURCE, path, timeoutMs: TIMEOUT_MS });
    return status === 200
      ? ((body as { readonly webhooks?: readonly WebhookScope[] | null }).webhooks ?? [])
      : undefined;
  } catch (error) {
    if (error instanceof ApiUnavailable) return undefined;
    throw error;
  }
}

function hasWebhooks({ webhooks }: WebhookConfiguration): boolean {
  return webhooks !== undefined && webhooks !== null && webhooks.length > 0;
}

type Operation = { readonly op: 'test' | 'add'; readonly path: string; readonly value: string };

function patchFor({ metadata, webhooks }: WebhookConfiguration, caPem: string, now: number): readonly Operation[] {
  const changes: Operation[] = [];
  for (const [index, { clientConfig }] of (webhooks ?? []).entries()) {
    const present = Buffer.from(clientConfig?.caBundle ?? '', 'base64').toString('utf8');
    const wanted = withCa(present, caPem, now);
    if (wanted === present) continue;
    const value = Buffer.from(wanted).toString('base64');
    changes.push({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value });
  }
  if (changes.length === 0) return [];
  return [{ op: 'test', path: '/metadata/resourceVersion', value: metadata?.resourceVersion ?? '' }, ...changes];
}
