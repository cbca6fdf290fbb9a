import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { describeProblem } from '../../src/config/problem.ts';

const FILE = join(import.meta.dirname, '..', '..', 'examples', 'pullpass.yaml');

t.test('the example is a configuration that means what its comments say', async (t) => {
  const loaded = loadConfig(readFileSync(FILE, 'utf8'), '/etc/pullpass/pullpass.yaml');
  if ('problems' in loaded) return t.fail(loaded.problems.map(describeProblem).join('\n'));
  const { credentials, workloads, namespaces, requireNamespaces } = loaded.config;
  t.same(
    credentials.map(({ name, match, source }) => [
      name,
      match.map(({ text }) => text),
      source.kind === 'dockerConfig' && source.path,
    ]),
    [
      ['harbor', ['harbor.acme.example', '*.harbor.acme.example:5000'], '/etc/pullpass/harbor/config.json'],
      ['ghcr', ['ghcr.io/acme/'], '/etc/pullpass/ghcr/config.json'],
      ['hub', ['docker.io'], '/etc/pullpass/hub/config.json'],
      ['ecr', ['123456789012.dkr.ecr.eu-central-1.amazonaws.com'], false],
    ],
  );
  t.same(credentials[0]?.namespaces, { matchLabels: { team: 'payments' } });
  t.notOk('except' in (credentials[2] ?? {}), 'so that docker.io/library is left out');
  t.same(namespaces, { matchLabels: { 'pullpass.dev/inject': 'enabled' } });
  t.equal(workloads.length, 3);
  t.equal(requireNamespaces, false);
});

t.test('its first line leads to the schema', async (t) => {
  const [, schema = ''] = /\$schema=(\S+)/.exec(readFileSync(FILE, 'utf8')) ?? [];
  t.match(readFileSync(join(FILE, '..', schema), 'utf8'), /json-schema\.org\/draft/);
});
