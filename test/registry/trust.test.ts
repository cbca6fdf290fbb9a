// Which registries are trusted: those of the CAs that Node is told of, and no others.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { makeServingCertificate } from '../../src/webhook/certificate.ts';

t.test('NODE_EXTRA_CA_CERTS is honoured, and without it the registry is not trusted', async (t) => {
  const { key, cert, ca } = await makeServingCertificate(['localhost'], new Date());
  const server = createServer({ key, cert }, (_, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  t.teardown(() => void server.close());
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-trust-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'ca.pem');
  writeFileSync(file, ca);
  const address = server.address();
  const url = `https://localhost:${typeof address === 'object' ? address?.port : 0}/v2/`;
  const run = async (env: Record<string, string>): Promise<string> => {
    const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env;
    const script = join(import.meta.dirname, 'get-once.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, url], { env: { ...rest, ...env } });
    return stdout;
  };
  t.equal(await run({ NODE_EXTRA_CA_CERTS: file }), '200');
  t.equal(await run({}), 'tls');
});
