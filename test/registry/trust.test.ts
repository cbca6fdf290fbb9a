// Which registries are trusted: those of the CAs of the system and of those that Node is told of, and no others.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { certificateFor } from '../certificates/certificate-for.ts';
import { hostsBehindProxy } from './hosts-behind-proxy.ts';

/** @returns the status, or why there is none */
async function getOnce(url: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { NODE_EXTRA_CA_CERTS: _, SSL_CERT_FILE: __, ...rest } = process.env;
  const script = join(import.meta.dirname, 'get-once.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, url], { env: { ...rest, ...env } });
  return stdout;
}

t.test('the CAs of NODE_EXTRA_CA_CERTS and of the system are trusted, and no others', async (t) => {
  const { key, cert, ca } = await certificateFor('localhost');
  const server = createServer({ key, cert }, (_, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  t.teardown(() => void server.close());
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-trust-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'ca.pem');
  writeFileSync(file, ca);
  const address = server.address();
  const url = `https://localhost:${typeof address === 'object' ? address?.port : 0}/v2/`;
  t.equal(await getOnce(url, { NODE_EXTRA_CA_CERTS: file }), '200');
  // Where OpenSSL looks for what the system trusts.
  t.equal(await getOnce(url, { SSL_CERT_FILE: file }), '200');
  t.equal(await getOnce(url, {}), 'tls');
});

t.test('so are they behind a proxy', async (t) => {
  const { proxy, caFile } = await hostsBehindProxy(t, { 'registry.acme.example': (_, response) => response.end('{}') });
  const url = 'https://registry.acme.example/v2/';
  t.equal(await getOnce(url, { https_proxy: proxy, SSL_CERT_FILE: caFile }), '200');
  t.equal(await getOnce(url, { https_proxy: proxy, NODE_EXTRA_CA_CERTS: caFile }), '200');
  t.equal(await getOnce(url, { https_proxy: proxy }), 'tls');
});
