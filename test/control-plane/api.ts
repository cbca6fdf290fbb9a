// A plain client of the API server for tests: JSON over kept-alive connections, as fast as a test needs. It is not the
// client under test, so that a fault there cannot hide itself.
import { Agent, request } from 'node:https';

export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever kind a test asks for
  readonly body: any;
  /** The texts of the Warning headers. */
  readonly warnings: readonly string[];
}

export interface Api {
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiAnswer>;
  close(): void;
}

export function openApi(options: { server: string; ca: string; cert?: string; key?: string; token?: string }): Api {
  const { server, token, ...tls } = options;
  // What is idle is closed before the API server does it, after 90 s, in the very moment of the next call.
  const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 30_000, ...tls });
  const url = new URL(server);
  return {
    call: (method, path, body, contentType = 'application/json') =>
      new Promise((resolve, reject) => {
        const payload =
          body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
        const headers = {
          ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': payload.length }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        };
        const outgoing = request(
          { agent, hostname: url.hostname, port: url.port, method, path, headers },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString('utf8');
              resolve({
                status: response.statusCode ?? 0,
                body: parse(text),
                warnings: warningsOf(response.headers.warning),
              });
            });
          },
        );
        outgoing.on('error', reject);
        outgoing.end(payload);
      }),
    close: () => agent.destroy(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function warningsOf(header: string | undefined): readonly string[] {
  return [...(header ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replaceAll('\\"', '"'),
  );
}
