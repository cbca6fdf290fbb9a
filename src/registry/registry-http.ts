// One request to a registry or its token service. Redirects are never followed: a login must not go where another host points.
// Answers are bounded in time and size, and no message holds a header or a body. Proxies come from the environment; the CAs
// of Node, of the system and of NODE_EXTRA_CA_CERTS are trusted.
import { getCACertificates } from 'node:tls';
import { type Dispatcher, EnvHttpProxyAgent } from 'undici';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export type HttpFailure = 'timeout' | 'tls' | 'unreachable' | 'unexpected';

/** Never rejects. */
export type Get = (
  url: URL,
  headers: Readonly<Record<string, string>>,
) => Promise<HttpAnswer | { readonly failure: HttpFailure }>;

export interface RegistryHttp {
  readonly get: Get;
  close(): Promise<void>;
}

export interface RegistryHttpOptions {
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const BODY_MAX = 64 * 1024;
const CONNECT_MS = 5_000;

export function openRegistryHttp({ environment, timeoutMs = TIMEOUT_MS }: RegistryHttpOptions): RegistryHttp {
  const pick = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  const ca = [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: proxyUrl(pick('HTTP_PROXY')),
    httpsProxy: proxyUrl(pick('HTTPS_PROXY')),
    // What goes to this machine in plain text must not leave it.
    noProxy: `${pick('NO_PROXY')},localhost,127.0.0.1,[::1]`,
    connect: { ca, timeout: CONNECT_MS },
    requestTls: { ca },
    proxyTls: { ca },
  });

  const get: Get = async (url, headers) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        headers: { 'user-agent': 'pullpass', accept: 'application/json', ...headers },
        signal,
      });
      const body = await boundedText(response.body);
      if (body === undefined) return { failure: 'unexpected' };
      return { status: response.statusCode, headers: headersOf(response.headers), body };
    } catch (error) {
      return { failure: signal.aborted ? 'timeout' : failureOf(error) };
    }
  };
  return { get, close: () => dispatcher.destroy() };
}

/** As others read these variables: without a scheme it is http; what is no address is no proxy. */
function proxyUrl(text: string): string {
  const url = text === '' || text.includes('://') ? text : `http://${text}`;
  return URL.canParse(url) ? url : '';
}

/** @returns undefined if it is longer than anything that is needed here */
async function boundedText(body: Dispatcher.ResponseData['body']): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > BODY_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function headersOf(headers: Dispatcher.ResponseData['headers']): ReadonlyMap<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
  );
  return new Map(entries);
}

function failureOf(error: unknown): HttpFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return 'timeout';
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code)) return 'tls';
  return /^(E[A-Z_]+|UND_ERR_SOCKET|UND_ERR_ABORTED)$/.test(code) ? 'unreachable' : 'unexpected';
}
