import t from 'tap';
import { type DockerConfigFormat, readDockerConfig } from '../../src/credentials/docker-config.ts';
import { CANARY, CANARY_AUTH, hidden, leak } from '../config/canary.ts';

function auth(text: string): string {
  return Buffer.from(text).toString('base64');
}

function read(config: unknown, format: DockerConfigFormat = 'auto') {
  return readDockerConfig(typeof config === 'string' ? config : JSON.stringify(config), format);
}

t.test('both formats, told apart by what is in them', async (t) => {
  const entry = { auth: auth('u:p') };
  const rows: readonly (readonly [config: unknown, format: DockerConfigFormat, patterns: readonly string[]])[] = [
    [{ auths: { 'ghcr.io': entry } }, 'auto', ['ghcr.io']],
    [{ 'ghcr.io': entry }, 'auto', ['ghcr.io']],
    [{ auths: { 'ghcr.io': entry } }, 'dockerconfigjson', ['ghcr.io']],
    [{ 'ghcr.io': entry }, 'dockercfg', ['ghcr.io']],
    [{ 'ghcr.io': entry }, 'dockerconfigjson', []],
    [{ auths: { 'ghcr.io': entry } }, 'dockercfg', []],
    [{ 'auths.example.com': { username: 'u', password: 'p' } }, 'auto', ['auths.example.com']],
    [{ Auths: { 'ghcr.io': { Username: 'u', PASSWORD: 'p' } } }, 'auto', ['ghcr.io']], // Go reads field names in any case
    [{ auths: { 'ghcr.io': entry }, HttpHeaders: { 'User-Agent': 'x' }, psFormat: 'y' }, 'auto', ['ghcr.io']],
    [{ HttpHeaders: { 'User-Agent': 'x' } }, 'auto', []],
    [{}, 'dockercfg', []],
  ];
  for (const [config, format, patterns] of rows) {
    const { entries } = read(config, format);
    t.same(
      entries.map(({ pattern }) => pattern.text),
      patterns,
      `${format} ${JSON.stringify(config)}`,
    );
  }
});

t.test('the login of an entry, as the kubelet reads it', async (t) => {
  const rows: readonly (readonly [entry: object, username: string, password: string])[] = [
    [{ auth: auth('u:p') }, 'u', 'p'],
    [{ username: 'u', password: 'p' }, 'u', 'p'],
    [{ username: 'other', password: 'other', auth: auth('u:p') }, 'u', 'p'], // auth wins
    [{ username: 'u', password: 'p', auth: '' }, 'u', 'p'],
    [{ auth: auth('u:p:q:') }, 'u', 'p:q:'], // the first colon
    [{ auth: auth('u:p\0\0') }, 'u', 'p'],
    [{ auth: auth('u:pw').replace(/=+$/, '') }, 'u', 'pw'], // without padding
    [{ auth: auth(`u:${'x'.repeat(60)}`).replace(/(.{40})/, '$1\r\n') }, 'u', 'x'.repeat(60)], // line ends
    [{ auth: auth('ü:pässwörd€') }, 'ü', 'pässwörd€'],
    [{ auth: auth('\ufeffu:p') }, '\ufeffu', 'p'],
    [{ username: 'u', password: 'p', email: 'u@example.com', identitytoken: 'x' }, 'u', 'p'],
    [{ username: 'u', password: ' p ' }, 'u', ' p '],
  ];
  for (const [entry, username, password] of rows) {
    const { entries, problems } = read({ auths: { 'ghcr.io': entry } });
    t.same(entries[0]?.login, { username, password }, JSON.stringify(entry));
    t.same(problems, []);
  }
});

t.test('entries without a usable login', async (t) => {
  const rows: readonly (readonly [entry: unknown, problem: string])[] = [
    [{}, 'it holds no login'],
    [null, 'its value is not an object'],
    [[], 'its value is not an object'],
    ['text', 'its value is not an object'],
    [{ auth: 5 }, '"auth" is not a string, so the kubelet reads nothing of the Secret'],
    [{ username: ['u'], password: 'p' }, '"username" is not a string, so the kubelet reads nothing of the Secret'],
    [{ auth: 'not base64!' }, '"auth" is not valid base64'],
    [{ auth: ` ${auth('u:p')}` }, '"auth" is not valid base64'],
    [{ auth: 'dTpw=' }, '"auth" is not valid base64'],
    [{ auth: 'dTpwd' }, '"auth" is not valid base64'],
    [{ auth: '=' }, '"auth" is not valid base64'],
    [{ auth: Buffer.from([0x75, 0x3a, 0xff]).toString('base64') }, '"auth" is not UTF-8 once decoded'],
    [{ auth: auth('nocolon') }, '"auth" is not base64 of username:password'],
    [{ auth: auth(':p') }, 'it has a password but no username'],
    [{ auth: auth('u:') }, 'it has a username but no password'],
    [{ username: 'u' }, 'it has a username but no password'],
    [{ username: 'a:b', password: 'p' }, 'its username holds a colon, at which the kubelet would cut it'],
    [{ username: '\ud800', password: 'p' }, 'its login is not valid Unicode'],
    [
      { identitytoken: 'x' },
      'it has only an identity token, which the kubelet ignores, use a username and a password or access token',
    ],
    [
      { auth: auth('00000000-0000-0000-0000-000000000000:'), identitytoken: 'x' },
      'it has only an identity token, which the kubelet ignores, use a username and a password or access token',
    ],
  ];
  for (const [entry, problem] of rows) {
    const { entries, problems, broken } = read({ auths: { 'ghcr.io': entry, 'quay.io': { auth: auth('u:p') } } });
    t.same(problems, [`entry "ghcr.io" cannot be used: ${problem}`], JSON.stringify(entry));
    t.same([...broken], ['ghcr.io']);
    t.equal(entries[0]?.key, 'quay.io', 'the good one beside it is used');
  }
});

t.test('what a key stands for', async (t) => {
  const rows: readonly (readonly [key: string, pattern: string])[] = [
    ['ghcr.io', 'ghcr.io'],
    ['https://ghcr.io', 'ghcr.io'],
    ['http://ghcr.io/', 'ghcr.io'],
    ['https://ghcr.io/v2/', 'ghcr.io'],
    ['https://ghcr.io/v1/', 'ghcr.io'],
    ['https://ghcr.io/v2/acme', 'ghcr.io/acme'],
    ['ghcr.io/v2', 'ghcr.io/v2'], // the kubelet wants the slash
    ['ghcr.io/v22/', 'ghcr.io/v22/'],
    ['ghcr.io/acme', 'ghcr.io/acme'],
    ['ghcr.io/acme/', 'ghcr.io/acme/'],
    ['ghcr.io/acme?x=y#z', 'ghcr.io/acme'],
    ['https://user:word@ghcr.io/acme', 'ghcr.io/acme'],
    ['registry.example.com:5000', 'registry.example.com:5000'],
    ['*.example.com', '*.example.com'],
    ['[::1]:5000', '[::1]:5000'],
    ['localhost:5000', 'localhost:5000'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['https://index.docker.io/v1', 'docker.io'],
    ['https://index.docker.io/v2/', 'docker.io'],
    ['index.docker.io', 'docker.io'],
    ['index.docker.io/', 'docker.io'],
    ['docker.io', 'docker.io'],
    ['docker.io/v1/', 'docker.io'],
    ['docker.io/acme', 'docker.io/acme'],
    ['index.docker.io/acme', 'docker.io/acme'],
  ];
  for (const [key, pattern] of rows) {
    const { entries, problems } = read({ auths: { [key]: { auth: auth('u:p') } } });
    t.equal(entries[0]?.pattern.text, pattern, key);
    t.same(problems, [], key);
  }
});

t.test('keys that are not a pattern', async (t) => {
  const rows: readonly (readonly [key: string, problem: string])[] = [
    [
      '*',
      'key "*" cannot be used: a glob in one of the last two labels of "*" would send a login to a stranger\'s host, write them out',
    ],
    [
      'ghcr.io/acme/app:1',
      'key "ghcr.io/acme/app:1" cannot be used: a pattern has no tag, did you mean "ghcr.io/acme/app"?',
    ],
    ['', 'key "" cannot be used: a pattern must not be empty'],
    ['HTTPS://ghcr.io', 'key "HTTPS://ghcr.io" cannot be used: a pattern has no scheme, did you mean "ghcr.io"?'],
    [
      'myregistry',
      'key "myregistry" cannot be used: "myregistry" is not a registry host (an image "myregistry" is on Docker Hub), did you mean "docker.io/myregistry"?',
    ],
    [
      'ghcr.io/a@b',
      'key a key that is not shown cannot be used: a pattern holds no user or password in front of an "@", write the host alone (the text is not shown)',
    ],
  ];
  for (const [key, problem] of rows) {
    t.same(read({ auths: { [key]: { auth: auth('u:p') } } }).problems, [problem], key);
  }
});

t.test('two keys for the same images', async (t) => {
  const same = read({
    auths: { 'ghcr.io': { auth: auth('u:p') }, 'https://ghcr.io': { username: 'u', password: 'p' } },
  });
  t.equal(same.entries.length, 1);
  t.same(same.problems, [], 'the same login twice is no problem');
  const other = read({
    auths: { 'docker.io': { auth: auth('u:p') }, 'https://index.docker.io/v1/': { auth: auth('v:p') } },
  });
  t.equal(other.entries[0]?.login.username, 'u', 'the first counts');
  t.same(other.problems, [
    'entries "docker.io" and "index.docker.io" stand for the same images with two logins, leave one',
  ]);
});

t.test('passwords that are kept elsewhere', async (t) => {
  const command = (host: string, name: string): string =>
    `use: kubectl create secret docker-registry ${name} --docker-server=${host} --docker-username=... --docker-password=... && kubectl label secret ${name} pullpass.dev/credential=enabled`;
  const stored = read({
    auths: { 'ghcr.io': {}, 'https://index.docker.io/v1/': {}, 'quay.io': { auth: auth('u:p') } },
    credsStore: 'desktop',
  });
  t.same(
    stored.entries.map(({ key }) => key),
    ['quay.io'],
    'an entry with a login is used',
  );
  t.same(stored.problems, [
    `the password of ghcr.io is kept in credsStore, out of reach of the cluster, ${command('ghcr.io', 'ghcr-io')}`,
    `the password of docker.io is kept in credsStore, out of reach of the cluster, ${command('docker.io', 'docker-io')}`,
  ]);
  t.same(read({ auths: {}, credsStore: 'desktop' }).problems, [
    `the password of HOST is kept in credsStore, out of reach of the cluster, ${command('HOST', 'NAME')}`,
  ]);
  t.same(read({ credHelpers: { 'gcr.io': 'gcloud' } }).problems, [
    `the password of gcr.io is kept in credHelpers, out of reach of the cluster, ${command('gcr.io', 'gcr-io')}`,
  ]);
  t.same(
    read({ auths: { 'gcr.io': {}, 'ghcr.io': {} }, credHelpers: { 'gcr.io': 'gcloud' } }).problems.map((problem) =>
      problem.slice(0, 52),
    ),
    ['entry "ghcr.io" cannot be used: it holds no login', 'the password of gcr.io is kept in credHelpers, out o'],
    'a helper of one host does not explain the empty entry of another',
  );
});

t.test('texts that are no docker config', async (t) => {
  const rows: readonly (readonly [text: string, problem: string])[] = [
    ['', 'the docker config is not JSON, it is empty'],
    [' \n', 'the docker config is not JSON, it is empty'],
    ['{"auths": {\n  "a": x}}', 'the docker config is not JSON (line 2, column 8)'],
    ['{"auths": {"a": {}}', 'the docker config is not JSON (line 1, column 20)'],
    ['{"auths": {"a": {},}}', 'the docker config is not JSON (line 1, column 20)'],
    ['[1,]', 'the docker config is not JSON'],
    ['{"a": "b\nc"}', 'the docker config is not JSON (line 1, column 9)'],
    ['[]', 'the docker config is not a JSON object'],
    ['null', 'the docker config is not a JSON object'],
    ['"text"', 'the docker config is not a JSON object'],
    ['{"auths": []}', '"auths" of the docker config is not an object'],
    ['{"auths": {}}', 'the docker config has no entry in "auths"'],
    ['{}', 'the docker config has no entry in "auths"'],
  ];
  for (const [text, problem] of rows) t.same(read(text).problems, [problem], JSON.stringify(text));
  t.equal(read('{').garbled, true);
  t.equal(read({ auths: {} }).garbled, false, 'an empty one says that nothing is there any more');
});

t.test('a key called __proto__ is a key like any other', async (t) => {
  const { entries, problems } = read(
    `{"auths": {"__proto__": {"auth": "${auth('u:p')}"}, "ghcr.io": {"auth": "${auth('u:p')}"}}}`,
  );
  t.equal(entries.length, 1);
  t.match(problems[0], /__proto__/);
});

t.test('no message holds a password, wherever somebody put it', async (t) => {
  const rows: readonly unknown[] = [
    CANARY,
    `{"auths": {"ghcr.io": {"password": "${CANARY}}}`,
    `{"auths": {"ghcr.io": ${CANARY}}}`,
    `{"auths": {"ghcr.io": {"auth": "${CANARY_AUTH}" "x"}}}`,
    JSON.stringify(CANARY),
    [CANARY],
    { auths: CANARY },
    { auths: { 'ghcr.io': CANARY } },
    { auths: { 'ghcr.io': [CANARY] } },
    { auths: { 'ghcr.io': { auth: CANARY } } },
    { auths: { 'ghcr.io': { auth: `${CANARY_AUTH}!` } } },
    { auths: { 'ghcr.io': { auth: [CANARY_AUTH] } } },
    { auths: { 'ghcr.io': { username: `a:${CANARY}`, password: 'x' } } },
    { auths: { 'ghcr.io': { password: CANARY } } },
    { auths: { 'ghcr.io': { identitytoken: CANARY } } },
    { auths: { [`https://someone:${CANARY}@myregistry`]: { auth: CANARY_AUTH } } },
    { auths: { [`someone:${CANARY}@ghcr.io`]: {} } },
    { auths: { [`ghcr.io/x?token=${CANARY}`]: {} } },
    { auths: { [`ghcr.io/someone:${CANARY}@x`]: { auth: CANARY_AUTH } } },
    { auths: { 'ghcr.io': { auth: CANARY_AUTH }, 'https://ghcr.io': { username: 'u', password: CANARY } } },
    { auths: { 'ghcr.io': {} }, credsStore: CANARY },
    { auths: {}, credHelpers: { 'ghcr.io': CANARY } },
    { password: CANARY },
  ];
  for (const row of rows) {
    for (const format of ['auto', 'dockerconfigjson', 'dockercfg'] as const) {
      const { problems } = read(row, format);
      const name = `${format} ${hidden(JSON.stringify(row))}`;
      t.equal(leak(problems.join('\n')) === undefined, true, name);
      if (format === 'auto') t.ok(problems.length > 0, `refused: ${name}`);
    }
  }
});
