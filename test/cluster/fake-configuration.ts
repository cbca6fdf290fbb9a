// One MutatingWebhookConfiguration in a fake API server that lists, watches, reads and patches it as the real one does, and
// whose next answers a test can replace.
import type { ServerResponse } from 'node:http';
import { type Asked, type FakeApi, fakeApi, json } from './fake-api.ts';

const PATH = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

export interface FakeConfiguration {
  readonly api: FakeApi;
  /** Another's doing: entries with these bundles; undefined: it is deleted. @returns the version that this made */
  becomes(bundles: readonly (string | undefined)[] | undefined): string;
  /** The bundles as they are. */
  bundles(): readonly string[] | undefined;
  /** Answers the next patches with these instead; 0: not at all. */
  failNext(...statuses: readonly number[]): void;
  /** Called when a patch arrives, before it is looked at. */
  onPatch(listener: () => void): void;
  /** Called after a patch was taken. */
  onTaken(listener: () => void): void;
  /** From now on the watch is silent. */
  silence(): void;
  /** Each as [operation, path, value], values of bundles as text. */
  patches(): readonly (readonly string[])[][];
}

interface Configuration {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string }; readonly rules: object[] }[];
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value: string;
}

const NO_ONE = (): void => undefined;

export async function fakeConfiguration(
  t: Parameters<typeof fakeApi>[0],
  first: readonly (string | undefined)[] | undefined,
): Promise<FakeConfiguration> {
  let version = 10;
  let current = first && configurationOf(first, version);
  let patched = NO_ONE;
  let taken = NO_ONE;
  let silent = false;
  const failures: number[] = [];
  const watchers = new Set<ServerResponse>();
  const history: { readonly version: number; readonly line: string }[] = [];

  function change(next: Configuration | undefined): void {
    const before = current;
    current = next;
    const type = next === undefined ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED';
    const metadata = { name: 'pullpass', resourceVersion: String(version) };
    const line = `${JSON.stringify({ type, object: next ?? { ...before, metadata } })}\n`;
    history.push({ version, line });
    if (!silent) for (const watcher of watchers) watcher.write(line);
  }

  function watch({ query }: Asked, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    const from = Number(query.resourceVersion);
    for (const { version, line } of history) if (version > from && !silent) response.write(line);
    watchers.add(response);
  }

  function patch({ body }: Asked, response: ServerResponse): void {
    patched();
    const status = failures.shift();
    if (status === 0) {
      response.destroy();
      return;
    }
    const refusal = status ?? refusalOf(body);
    if (refusal !== undefined) {
      json(response, refusal, {});
      return;
    }
    version += 1;
    change(current && patchedWith(current, body, version));
    json(response, 200, current);
    taken();
  }

  function refusalOf(body: string): number | undefined {
    if (current === undefined) return 404;
    const [test] = JSON.parse(body) as readonly Operation[];
    return test?.value === current.metadata.resourceVersion ? undefined : 422;
  }

  const api = await fakeApi(t, (asked, response) => {
    if (asked.method === 'PATCH') patch(asked, response);
    else if (asked.path !== PATH) json(response, current === undefined ? 404 : 200, current ?? {});
    else if (asked.query.watch !== undefined) watch(asked, response);
    else {
      const items = current === undefined ? [] : [current];
      json(response, 200, { metadata: { resourceVersion: String(version) }, items });
    }
  });

  return {
    api,
    becomes(bundles) {
      version += 1;
      change(bundles && configurationOf(bundles, version));
      return String(version);
    },
    bundles: () => current?.webhooks.map(({ clientConfig }) => textOf(clientConfig.caBundle ?? '')),
    failNext: (...statuses) => void failures.push(...statuses),
    onPatch(listener) {
      patched = listener;
    },
    onTaken(listener) {
      taken = listener;
    },
    silence() {
      silent = true;
    },
    patches: () =>
      api.asked
        .filter(({ method }) => method === 'PATCH')
        .map(({ body }) =>
          (JSON.parse(body) as readonly Operation[]).map(({ op, path, value }) => [
            op,
            path,
            op === 'add' ? textOf(value) : value,
          ]),
        ),
  };
}

function configurationOf(bundles: readonly (string | undefined)[], version: number): Configuration {
  const webhooks = bundles.map((bundle, index) => ({
    clientConfig: bundle === undefined ? {} : { caBundle: Buffer.from(bundle).toString('base64') },
    rules: [{ resources: [`kind-${index}`] }],
  }));
  return { metadata: { name: 'pullpass', resourceVersion: String(version) }, webhooks };
}

function patchedWith({ metadata, webhooks }: Configuration, body: string, version: number): Configuration {
  const [, ...adds] = JSON.parse(body) as readonly Operation[];
  return {
    metadata: { ...metadata, resourceVersion: String(version) },
    webhooks: webhooks.map((webhook, index) => {
      const add = adds.find(({ path }) => path === `/webhooks/${index}/clientConfig/caBundle`);
      return add === undefined ? webhook : { ...webhook, clientConfig: { caBundle: add.value } };
    }),
  };
}

function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
