import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { describeProblem } from '../../src/config/problem.ts';
import type { Config } from '../../src/config/schema.ts';
import { CANARY, CANARY_AUTH, hidden, leak } from './canary.ts';

function complaints(text: string): readonly string[] {
  const loaded = loadConfig(text, 'pullpass.yaml');
  return 'problems' in loaded ? loaded.problems.map(describeProblem) : [];
}

function configOf(text: string, file = 'pullpass.yaml'): Config {
  const loaded = loadConfig(text, file);
  if ('config' in loaded) return loaded.config;
  throw new Error(loaded.problems.map(describeProblem).join('\n'));
}

const DEFAULTS = {
  credentials: [],
  pullSecret: {
    name: 'pullpass-dockercfg',
    formerNames: [],
    type: 'kubernetes.io/dockerconfigjson',
    annotations: {},
    labels: {},
    distribution: 'on-demand',
    grace: 86_400_000,
  },
  namespaces: { matchLabels: { 'pullpass.dev/inject': 'enabled' } },
  workloads: ['Deployment'],
  missedPods: { repair: 'off', restartsPerMinute: 30 },
  credentialHealth: { enabled: false, interval: 21_600_000, realms: [] },
  certificate: { minTlsVersion: '1.3', caLife: 365 * 24 * 3_600_000, leafLife: 7 * 24 * 3_600_000 },
  metrics: { namespaces: false },
  requireNamespaces: false,
};

t.test('an empty file is the configuration of all defaults', async (t) => {
  for (const text of ['', '\n', '# only a comment\n', '{}', '---\n', 'null', 'pullSecret: {}']) {
    t.same(configOf(text), DEFAULTS, JSON.stringify(text));
  }
});

t.test('a whole configuration', async (t) => {
  const config = configOf(
    `
credentials:
  - name: harbor
    match: [harbor.acme.io, "*.harbor.acme.io:5000"]
    except: [harbor.acme.io/public]
    namespaces: { matchLabels: { team: payments }, matchExpressions: [{ key: stage, operator: NotIn, values: [dev] }] }
    source: { dockerConfig: harbor/config.json }
  - name: quay
    match: [quay.io/acme/]
    source: { dockerConfig: /etc/quay.json }
pullSecret:
  name: pull
  type: kubernetes.io/dockercfg
  annotations: { harness.io/skip-versioning: "true" }
  labels: { team: platform }
  distribution: on-demand
namespaces: { matchExpressions: [{ key: stage, operator: Exists }] }
workloads: [Pod, Deployment, { group: argoproj.io, kind: Rollout, podSpec: /spec/template/spec, update: true }]
requireNamespaces: false
`,
    '/etc/pullpass/pullpass.yaml',
  );
  t.same(
    config.credentials.map(({ name, match, source }) => [
      name,
      match.map(({ text }) => text),
      source.kind === 'dockerConfig' && source.path,
    ]),
    [
      ['harbor', ['harbor.acme.io', '*.harbor.acme.io:5000'], '/etc/pullpass/harbor/config.json'],
      ['quay', ['quay.io/acme/'], '/etc/quay.json'],
    ],
    'sources are relative to the folder of the file',
  );
  t.equal(config.credentials[0]?.except?.[0]?.text, 'harbor.acme.io/public');
  t.notOk('except' in (config.credentials[1] ?? {}), 'absent is not the same as empty');
  t.same(config.credentials[0]?.namespaces?.matchLabels, { team: 'payments' });
  t.equal(config.pullSecret.name, 'pull');
  t.equal(config.workloads.length, 3);
});

const CREDENTIAL = '\n    source: { dockerConfig: a.json }';

/** Each row: the text, and all that is said about it. */
const ROWS: readonly (readonly [text: string, complaints: readonly string[]])[] = [
  [
    `credentials:\n  - name: a\n    match: ["https://ghcr.io"]${CREDENTIAL}`,
    ['3:13 credentials[0].match[0] "https://ghcr.io": a pattern has no scheme, did you mean "ghcr.io"?'],
  ],
  [
    `credentials:\n  - name: a\n    match: ["*.io"]${CREDENTIAL}`,
    [
      '3:13 credentials[0].match[0] "*.io": a glob in one of the last two labels of "*.io" would send a login to a stranger\'s host, write them out',
    ],
  ],
  [
    `credentials:\n  - name: a\n    match: [ghcr.io]\n    except: [ghcr.io/Public]${CREDENTIAL}`,
    [
      '4:14 credentials[0].except[0] "ghcr.io/Public": "Public": repository names are lower case, did you mean "public"?',
    ],
  ],
  [
    `credentials:\n  - name: a\n    mach: [ghcr.io]${CREDENTIAL}`,
    [
      '2:5 credentials[0].match: is missing, wanted a list',
      '3:5 credentials[0].mach: unknown key, did you mean "match"?',
    ],
  ],
  ['credential: []', ['1:1 credential: unknown key, did you mean "credentials"?']],
  [
    'zzz: 1',
    [
      '1:1 zzz: unknown key, known here: credentials, pullSecret, namespaces, workloads, missedPods, credentialHealth, certificate, metrics, requireNamespaces',
    ],
  ],
  [
    'certificate: { files: { cert: tls.crt, ca: "-----BEGIN CERTIFICATE-----\\n" }, minTlsVersion: "1.1" }',
    [
      '1:23 certificate.files.key: is missing, wanted a string',
      '1:44 certificate.files.ca: wanted the path of a PEM file, not its content',
      '1:94 certificate.minTlsVersion "1.1": unknown value, did you mean "1.2"?',
    ],
  ],
  [
    'certificate: { caLife: 48h, leafLife: 24h }',
    ['1:39 certificate.leafLife "24h": a third of caLife at most, so that a CA outlives all that it signed'],
  ],
  [
    'certificate: { leafLife: 1s, mode: self }',
    [
      '1:26 certificate.leafLife "1s": wanted a duration from 10s to 8784h',
      '1:30 certificate.mode: unknown key, known here: files, minTlsVersion, caLife, leafLife',
    ],
  ],
  ['pullSecret:\n  nmae: x', ['2:3 pullSecret.nmae: unknown key, did you mean "name"?']],
  [
    'pullSecret: { name: A_b }',
    [
      '1:21 pullSecret.name "A_b": a name is lower-case letters, digits, "-" and ".", with a letter or digit at both ends',
    ],
  ],
  [
    'pullSecret: { type: Opaque }',
    [
      '1:21 pullSecret.type "Opaque": unknown value, known here: kubernetes.io/dockerconfigjson, kubernetes.io/dockercfg',
    ],
  ],
  ['pullSecret: { grace: soon }', ['1:22 pullSecret.grace "soon": wanted a duration such as "24h", "15m" or "90s"']],
  [
    'credentialHealth: { interval: 1s, realms: ["https://auth.acme.io"] }',
    [
      '1:31 credentialHealth.interval "1s": wanted a duration from 60s to 8784h',
      '1:44 credentialHealth.realms[0] "https://auth.acme.io": wanted a host, with ":port" if it has one, such as auth.acme.io',
    ],
  ],
  [
    'missedPods: { repair: always, restartsPerMinute: 0 }',
    [
      '1:23 missedPods.repair "always": unknown value, known here: off, restart',
      '1:50 missedPods.restartsPerMinute: must be at least 1',
    ],
  ],
  [
    'pullSecret: { distribution: evrywhere }',
    ['1:29 pullSecret.distribution "evrywhere": unknown value, did you mean "everywhere"?'],
  ],
  [
    'pullSecret: { labels: { pullpass.dev/instance: x } }',
    ['1:48 pullSecret.labels["pullpass.dev/instance"] "x": Pullpass sets this one itself, leave it out'],
  ],
  [
    'pullSecret: { annotations: { a: true } }',
    ['1:33 pullSecret.annotations.a: found true or false, wanted a string, put it in quotes'],
  ],
  [
    'namespaces: { matchLabels: { team: 5 } }',
    ['1:36 namespaces.matchLabels.team: found a number, wanted a string, put it in quotes'],
  ],
  [
    'namespaces: { matchLabels: { "a b": c } }',
    [
      '1:37 namespaces.matchLabels["a b"] "c": "a b" is not a label key: letters, digits, "-", "_" and "." with a letter or digit at both ends, at most 63',
    ],
  ],
  [
    'namespaces: { matchExpressions: [{ key: a, operator: In }] }',
    ['1:34 namespaces.matchExpressions[0]: operator In needs at least one value'],
  ],
  [
    'namespaces: { matchExpressions: [{ key: a, operator: exists }] }',
    ['1:54 namespaces.matchExpressions[0].operator "exists": unknown value, did you mean "Exists"?'],
  ],
  ['workloads: [Deploymnt]', ['1:13 workloads[0] "Deploymnt": unknown value, did you mean "Deployment"?']],
  ['workloads: [Job, Job]', ['1:18 workloads[1] "Job": this kind stands twice, first at 1:13']],
  ['workloads: Deployment', ['1:12 workloads: found a string, wanted a list']],
  [
    'workloads: [{ group: apps, kind: Deployment, podSpec: /spec }]',
    ['1:13 workloads[0]: a known kind, write Deployment alone'],
  ],
  [
    'workloads: [{ group: a.io, kind: X, podSpec: spec }]',
    ['1:46 workloads[0].podSpec "spec": wanted a JSON pointer, such as /spec/template/spec'],
  ],
  [
    'workloads:\n  - { group: a.io, kind: X, podSpec: /spec }\n  - { group: a.io, kind: X, podSpec: /other }',
    ['3:5 workloads[1] "a.io/X": this kind stands twice, first at 2:5'],
  ],
  [
    'workloads: [{ group: a.io, knd: X, podSpec: /spec }]',
    ['1:13 workloads[0].kind: is missing, wanted a string', '1:28 workloads[0].knd: unknown key, did you mean "kind"?'],
  ],
  [
    'workloads: [null]',
    [
      '1:13 workloads[0]: found nothing, wanted one of Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, PodTemplate',
    ],
  ],
  ['requireNamespaces: yes', ['1:20 requireNamespaces: found a string, wanted true or false']],
  [
    `requireNamespaces: true\ncredentials:\n  - name: a\n    match: [ghcr.io]${CREDENTIAL}`,
    ['3:5 credentials[0]: requireNamespaces is on and this credential has no namespaces selector'],
  ],
  [
    `credentials:\n  - name: a\n    match: [ghcr.io]${CREDENTIAL}\n  - name: a\n    match: [quay.io]${CREDENTIAL}`,
    ['5:11 credentials[1].name "a": two credentials of one name, the other is at 2:11'],
  ],
  [`credentials:\n  - name: a\n    match: []${CREDENTIAL}`, ['3:12 credentials[0].match: must not be empty']],
  ['credentials:\n  - name: a\n    match: [ghcr.io]', ['2:5 credentials[0].source: is missing, wanted a map']],
  [
    'credentials:\n  - name: a\n    match: [ghcr.io]\n    source: {}',
    ['4:13 credentials[0].source: wanted exactly one of dockerConfig, credentialProvider and credentialHelper'],
  ],
  [
    'credentials:\n  - name: a\n    match: ["*.ghcr.io", ghcr.io/a-*]\n    source: { credentialHelper: acme }',
    [
      '3:13 credentials[0].match[0] "*.ghcr.io": a credentialHelper is asked about one host at a time, write the host without "*"',
    ],
  ],
  [
    'credentials:\n  - name: a\n    match: [ghcr.io]\n    source: { credentialHelper: docker-credential-acme }',
    [
      '4:33 credentials[0].source.credentialHelper "docker-credential-acme": leave out "docker-credential-", the name alone is wanted',
    ],
  ],
  [
    'credentials:\n  - name: a\n    match: [ghcr.io]\n    source: { credentialProvider: { command: ecr x, arg: [] } }',
    [
      '4:46 credentials[0].source.credentialProvider.command: wanted a program alone, its arguments belong into "args"',
      '4:53 credentials[0].source.credentialProvider.arg: unknown key, did you mean "args"?',
    ],
  ],
  [
    'credentials:\n  - name: a\n    match: [ghcr.io]\n    source: { dockerConfig: a.json, credentialHelper: acme }',
    ['4:13 credentials[0].source: wanted exactly one of dockerConfig, credentialProvider and credentialHelper'],
  ],
  [
    'credentials:\n  - name: a\n    match: [ghcr.io]\n    source: { dockerConfig: ~/.docker/config.json }',
    ['4:29 credentials[0].source.dockerConfig "~/.docker/config.json": "~" is not expanded here, write the whole path'],
  ],
  ['credentials:\nworkloads: [Pod]', ['1:13 credentials: found nothing, wanted a list']],
  ['just text', ['1:1: found a string, wanted a map']],
  ['- a', ['1:1: found a list, wanted a map']],
  ['workloads: [Pod]\nworkloads: [Job]', ['2:1: this key stands twice in one map, leave one']],
  ['pullSecret:\n\tname: x', ['2:1: a tab as indentation, YAML wants spaces']],
  ['workloads: *all', ['1:12: an alias without the anchor that it names; put a value that begins with "*" in quotes']],
  ['workloads: []\n---\nworkloads: []', ['2:1: a second YAML document begins here, the file holds only one']],
  ['workloads: !kinds [Pod]', ['1:12: a tag that has no meaning here; put a value that begins with "!" in quotes']],
];

t.test('what is wrong, where, and what to do', async (t) => {
  for (const [text, expected] of ROWS) {
    t.same(
      complaints(text),
      expected.map((line) => `pullpass.yaml:${line}`),
      text,
    );
  }
});

t.test('everything wrong is reported at once, in the order of the file', async (t) => {
  const text = `
workloads: [Deploymnt]
pullSecret: { nmae: x }
credentials:
  - name: A
    match: [https://a.io, 3]
  - name: A
requireNamespaces: 1
`;
  t.same(
    complaints(text).map((line) => line.split(':').slice(1, 3).join(':').split(' ')[0]),
    ['2:13', '3:15', '5:5', '5:11', '6:13', '6:27', '7:5', '7:5', '7:11', '7:11', '8:20'],
  );
});

t.test('what would eat memory or stack is refused with a sentence', async (t) => {
  const bomb = ['a: &a [x, x]'];
  for (const [name, of] of ['ba', 'cb', 'dc', 'ed', 'fe'].map((pair) => [...pair]))
    bomb.push(`${name}: &${name} [${Array(9).fill(`*${of}`).join(', ')}]`);
  t.same(complaints(bomb.join('\n')), [
    'pullpass.yaml:1:1: the aliases stand for far more than the file holds, at most 50 nodes are repeated',
  ]);
  t.match(complaints('['.repeat(20_000))[0], /nested too deeply to be read$/);
  t.equal(
    configOf('x: &p { name: pull }\n'.replace('x: &p', 'pullSecret: &p')).pullSecret.name,
    'pull',
    'an anchor is fine',
  );
});

t.test('keys that mean something to JavaScript are unknown keys like any other', async (t) => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    t.match(complaints(`${key}: { x: 1 }`)[0], new RegExp(`^pullpass\\.yaml:1:1 .*${key}.*: unknown key`), key);
  }
});

t.test('no message holds a password, wherever somebody put it', async (t) => {
  const at = (line: string): string => `credentials:\n  - name: a\n    match: [ghcr.io]${CREDENTIAL}\n    ${line}`;
  const places = [
    at(`password: ${CANARY}`),
    at(`auth: ${CANARY_AUTH}`),
    at(`login: { username: x, password: ${CANARY} }`),
    `pasword: ${CANARY}`,
    `credentials: ${CANARY}`,
    `pullSecret: ${CANARY}`,
    `pullSecret: { annotations: ${CANARY} }`,
    `namespaces: [${CANARY}]`,
    `requireNamespaces: ${CANARY}`,
    `credentials: [{ name: a, match: ["someone:${CANARY}@ghcr.io"], source: { dockerConfig: a } }]`,
    `credentials: [{ name: a, match: ["https://someone:${CANARY}@ghcr.io"], source: { dockerConfig: a } }]`,
    `credentials: [{ name: a, match: [ghcr.io], source: ${CANARY} }]`,
    `credentials: [{ name: a, match: [ghcr.io], source: { dockerConfig: '{"auths":{"ghcr.io":{"auth":"${CANARY_AUTH}"}}}' } }]`,
    `credentials: [{ name: a, match: [ghcr.io], source: { credentialProvider: { command: "x ${CANARY}" } } }]`,
    `credentials: [{ name: a, match: [ghcr.io], source: { credentialProvider: { command: x, env: { "a b ${CANARY}": x } } } }]`,
    `credentials: [{ name: a, match: [ghcr.io], source: { credentialProvider: { command: x, args: ${CANARY} } } }]`,
    `credentials: [{ name: a, match: [ghcr.io], source: { credentialHelper: "acme -p ${CANARY}" } }]`,
    `credentials: [{ name: a, match: [ghcr.io], source: { credentialHelper: { name: "acme -p ${CANARY}" } } }]`,
    `password: "${CANARY}`,
    `password: ${CANARY}: x`,
    `password: *${CANARY}`,
    `password: !${CANARY} x`,
    `password: @${CANARY}`,
    `password: [${CANARY}`,
    `"x" ${CANARY}`,
    `%${CANARY}\n---\nx: 1`,
    `? { a: ${CANARY} }\n: 1`,
  ];
  for (const text of places) {
    const lines = complaints(text);
    t.ok(lines.length > 0, `refused: ${hidden(text)}`);
    t.equal(leak(lines.join('\n')) === undefined, true, hidden(text));
  }
});
