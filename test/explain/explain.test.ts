// What is concluded from facts, as a table: the reason, the steps of the fix, and a piece of a line that must be there. What a real
// cluster can be brought into is told in the stories; here are the rest, and the rules of blame.
import t from 'tap';
import { explain } from '../../src/explain/explain.ts';
import type { Facts } from '../../src/explain/facts.ts';
import {
  credentialStatus,
  ENTRY,
  factsOf,
  liveFacts,
  NOW,
  PULL_SECRET,
  podFact,
  podObject,
  statusOf,
} from './given.ts';

const ANEW = 'kubectl -n shop get pod web -o json | kubectl replace --force -f -';
const CHECK = 'pullpass check --namespace pullpass-system';
const LOGS =
  'kubectl -n pullpass-system logs deployment/pullpass --all-pods --tail=-1 | grep "a pull Secret was not changed"';
const ABSENT = { name: PULL_SECRET, read: { missing: 'absent' } } as const;
const EMPTY = { name: PULL_SECRET, read: { found: { ours: true, credentials: [], keys: [], managers: [] } } } as const;
const LISTS = { pods: [podFact({ lists: [PULL_SECRET] })], pod: podObject(['ghcr.io/acme/app:1'], [PULL_SECRET]) };
const NOT_LABELLED = { name: 'shop', read: { found: { labels: {}, terminating: false } } } as const;
const NOT_GOT = { attempt: { lists: [] } };

type Row = readonly [because: string, facts: Facts, reason: string, fix: readonly string[], line: RegExp];

const ROWS: readonly Row[] = [
  ['all is well', factsOf(), 'injected', [], /^ok dry run: a Pod of it made now gets/m],
  ['all was well', liveFacts(LISTS), 'already-listed', [], /^ok Pod: lists/m],
  ['missed, by nobody made anew', liveFacts(), 'pod-immutable', [ANEW], /^fail Pod: does not list .* made 5 min ago/m],
  [
    'the pull Secret is not made',
    liveFacts({ ...LISTS, pullSecret: ABSENT }),
    'secret-missing',
    [LOGS],
    /^fail pull Secret: .* is not there/m,
  ],
  [
    'a key is not written',
    liveFacts({ ...LISTS, pullSecret: EMPTY }),
    'key-missing',
    [LOGS],
    /lacks the key ghcr.io\/acme\//,
  ],
  ['a key is about to be written', factsOf({ pullSecret: EMPTY }), 'injected', [], /gets it before the next Pod/],
  ...(['conflict', 'unavailable', 'forbidden'] as const).map(
    (failed): Row => [
      `the write ends with ${failed}`,
      liveFacts({ ...LISTS, pullSecret: ABSENT, replica: { status: statusOf({}, { failed: `${failed}: because` }) } }),
      failed,
      failed === 'conflict'
        ? [
            `kubectl -n shop get secret ${PULL_SECRET} --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}`,
          ]
        : [CHECK],
      new RegExp(`not written: ${failed}`),
    ],
  ),
  [
    'no endpoint is ready',
    factsOf({ endpoints: { found: 0 }, ...NOT_GOT }),
    'not-answered',
    [CHECK],
    /no endpoint that is ready/,
  ],
  ['nobody answers, and nothing tells why', factsOf(NOT_GOT), 'not-asked', [CHECK], /^fail dry run/m],
  [
    'a condition keeps it away, as a plain Pod shows',
    factsOf({
      ...NOT_GOT,
      plainAttempt: { lists: [PULL_SECRET] },
      replica: { unavailable: 'x' },
    }),
    'could-not-tell',
    [],
    /^- dry run: a Pod of it made now does not get/m,
  ],
  [
    'no caBundle',
    factsOf({ ...NOT_GOT, webhook: { name: 'pullpass', read: { found: { entries: [ENTRY], trusted: 0 } } } }),
    'webhook-untrusted',
    [CHECK],
    /has no caBundle/,
  ],
  [
    'a kubelet tries another login first',
    factsOf(
      {
        replica: {
          status: statusOf({
            credentials: [credentialStatus('a', ['ghcr.io/acme']), credentialStatus('b', ['ghcr.io'])],
          }),
        },
      },
      ['ghcr.io/acme-labs/app'],
    ),
    'injected',
    [],
    /the kubelet tries that of a first \(string-prefix\)/,
  ],
  [
    'a replica is not ready',
    factsOf({ replica: { status: statusOf({ notReady: 'waits for certificate' }) } }),
    'injected',
    [],
    /^warn replicas: pullpass-a is not ready: waits for certificate/m,
  ],
  [
    'a configuration is refused',
    factsOf({ replica: { status: statusOf({ refusedConfiguration: ['pullpass.yaml:1:1 no'] }) } }),
    'injected',
    [],
    /^warn replicas: a changed configuration is not in force: pullpass.yaml:1:1 no/m,
  ],
  [
    'a label of the namespace can do nothing',
    liveFacts({
      ...{ namespace: NOT_LABELLED, ...NOT_GOT },
      replica: {
        status: statusOf({
          settings: {
            ...statusOf().settings,
            namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'orders' } },
          },
        }),
      },
    }),
    'namespace-not-enabled',
    [],
    /lacks kubernetes.io\/metadata.name=orders/,
  ],
  [
    'no replica, and the Pods run',
    liveFacts({ replica: { unavailable: 'x' }, pods: [podFact({ phase: 'Running' })], namespace: NOT_LABELLED }),
    'could-not-tell',
    [],
    /^warn namespace/m,
  ],
  ['no replica, and a copy gets it', factsOf({ replica: { unavailable: 'x' } }), 'injected', [], /not asked: x/],
];

t.test('the reason, the fix, and the line that tells', async (t) => {
  for (const [because, facts, reason, fix, line] of ROWS) {
    const explanation = explain(facts);
    const text = explanation.findings.map(({ state, about, text }) => `${state} ${about}: ${text}`).join('\n');
    t.equal(explanation.reason, reason, `${because}\n${text}`);
    t.same(explanation.fix, fix, because);
    t.match(text, line, because);
    t.notMatch(explanation.verdict, /[{}]/, because);
  }
});

const stateOf = (facts: Facts, about: string): string | undefined =>
  explain(facts).findings.find((finding) => finding.about === about)?.state;

t.test('a namespace without the label is blamed only where something lacks the pull Secret', async (t) => {
  const bare = { namespace: NOT_LABELLED, ...NOT_GOT };
  t.equal(stateOf(factsOf(bare), 'namespace'), 'fail');
  t.equal(stateOf(factsOf(bare, ['public.example.com/app']), 'namespace'), '-');
  t.equal(stateOf(liveFacts({ ...bare, ...LISTS }), 'namespace'), 'warn');
  t.equal(explain(factsOf(bare, ['public.example.com/app'])).is, 'fine');
});

t.test('the first fault is the cause, and all others are only lines', async (t) => {
  const { cause, findings } = explain(liveFacts({ namespace: NOT_LABELLED, ...NOT_GOT }));
  t.equal(cause?.reason, 'namespace-not-enabled');
  t.same(
    findings.filter(({ state }) => state === 'fail').map(({ reason }) => reason),
    ['namespace-not-enabled', 'pod-immutable'],
  );
});

t.test('a Secret of another Pullpass is never proposed to be deleted', async (t) => {
  const found = { ours: false, credentials: [], keys: [], managers: ['pullpass'], instance: 'elsewhere' };
  const { reason, fix, verdict } = explain(factsOf({ ...NOT_GOT, pullSecret: { name: PULL_SECRET, read: { found } } }));
  t.equal(reason, 'foreign-secret');
  t.same(fix, []);
  t.match(verdict, 'the Pullpass in namespace elsewhere');
});

t.test('what comes from a manifest is no part of a shell', async (t) => {
  const image = "ghcr.io/other/x'; rm -rf ~;";
  for (const name of [image, 'ghcr.io/$(reboot)/x', 'ghcr.io/other/app:1']) {
    const failed = { reason: 'ErrImagePull', container: 'c0', message: `image "${name}": 401 Unauthorized` };
    const { fix } = explain(liveFacts({ pods: [podFact({ waiting: [failed] })] }, [name]));
    t.notMatch(fix.join(), /rm -rf|reboot/);
  }
});

t.test('keys that hold a login, and messages that do, are not shown', async (t) => {
  const keys = ['https://robot:canary@ghcr.io', 'ghcr.io/acme/'];
  const pullSecret = { name: PULL_SECRET, read: { found: { ours: true, credentials: ['ghcr'], keys, managers: [] } } };
  const message = 'GET https://robot:canary@ghcr.io/token?password=canary: Authorization: Bearer canary';
  const pods = [podFact({ lists: [PULL_SECRET], waiting: [{ reason: 'ErrImagePull', container: 'c', message }] })];
  t.notMatch(JSON.stringify(explain(liveFacts({ pullSecret, pods }))), 'canary');
});

t.test('many images are few lines, the worst first', async (t) => {
  const images = Array.from({ length: 20 }, (_, i) => `public.example.com/${i}`).concat('ghcr.io/acme/app:1');
  const lines = explain(factsOf({}, images)).findings.filter(({ about }) => about === 'image');
  t.equal(lines.length, 7);
  t.match(lines[0]?.text, 'served by ghcr');
  t.match(lines[6]?.text, 'and 15 more');
});

t.test('a back-off says nothing, so the Event before it is shown, and one about the pull Secret', async (t) => {
  const image = 'ghcr.io/acme/app:1';
  const waiting = [{ reason: 'ImagePullBackOff', container: 'c0', message: `Back-off pulling image "${image}"` }];
  const events = [
    { reason: 'BackOff', message: `Back-off pulling image "${image}"`, at: 3 },
    { reason: 'Failed', message: `Failed to pull image "${image}": 401 Unauthorized`, at: 2 },
    { reason: 'FailedToRetrieveImagePullSecret', message: 'Unable to retrieve some image pull secrets', at: 1 },
  ];
  const pods = [podFact({ lists: [PULL_SECRET], waiting, events })];
  const { findings, reason, fix } = explain(liveFacts({ pods }));
  const [pull, event] = findings.slice(-2);
  t.match(pull, { state: 'fail', text: 'web c0: ImagePullBackOff: 401 Unauthorized' });
  t.match(event, { state: 'warn', text: /^FailedToRetrieveImagePullSecret: Unable to retrieve/ });
  t.equal(reason, 'pull-refused');
  t.match(fix.join(), 'create secret docker-registry ghcr --docker-server=ghcr.io');
});

t.test('a word in the name of an image is no refusal', async (t) => {
  const image = 'public.example.com/denied:403';
  const message = `failed to pull image "${image}": not found`;
  const pods = [podFact({ waiting: [{ reason: 'ErrImagePull', container: 'c0', message }] })];
  t.equal(explain(liveFacts({ pods }, [image])).reason, 'pull-failing');
});

t.test('an expired login is told with its age', async (t) => {
  const patterns = [{ text: 'ghcr.io/acme/', hasLogin: true, expires: NOW - 3_600_000 }];
  const status = statusOf({ credentials: [credentialStatus('ghcr', [], { patterns })] });
  const { reason, cause } = explain(factsOf({ replica: { status } }));
  t.equal(reason, 'login-expired');
  t.match(cause?.text, 'expired 60 min ago');
});
