// Everything that can be wrong in a status: each is found, said in a sentence, and told in the table where it belongs.
import t from 'tap';
import { credentialState, loginText, namespaceState } from '../../src/status/cells.ts';
import { findingsOf } from '../../src/status/findings.ts';
import { credentialOf, HOUR_MS, NOW, namespaceOf, pullSecretOf, statusOf, syncOf } from './given.ts';

const of = (more: Parameters<typeof statusOf>[0]): readonly string[] =>
  findingsOf(statusOf(more), NOW).map(({ level, about, text, command }) =>
    [`${level}: ${about}: ${text}`, ...(command === undefined ? [] : [command])].join(' > '),
  );

t.test('where nothing is wrong, nothing is said', async (t) => {
  t.same(of({}), []);
  const foreign = namespaceOf('outside', { takesPart: false, pullSecret: pullSecretOf({ ours: false, fresh: false }) });
  t.same(of({ sync: syncOf([foreign]) }), [], 'a Secret of our name that is in nobody’s way');
});

t.test('of the replica', async (t) => {
  t.same(of({ notReady: 'draining' }), ['wrong: replica: not ready: draining > kubectl -n pullpass-system get pods']);
  t.same(of({ certificate: { trusted: false } }), ['wrong: certificate: there is none yet']);
  t.match(of({ certificate: { expires: NOW + 1, trusted: false } }), [
    /^wrong: certificate: .* does not trust the one in use/,
  ]);
  t.same(of({ refusedConfiguration: ['a.yaml:1:1 x', 'b'] }), [
    'wrong: configuration: refused, the one before is in force: a.yaml:1:1 x',
    'wrong: configuration: refused, the one before is in force: b',
  ]);
  t.same(of({ webhookDifferences: ['it differs'] }), ['wrong: webhook: it differs']);
  const sync = syncOf([], { held: 12, confirm: 'kubectl annotate =12' });
  t.match(of({ sync }), [
    /^wrong: removals: 12 pull Secrets would be deleted .* if it is meant > kubectl annotate =12$/,
  ]);
});

t.test('of credentials, those that are not in force too', async (t) => {
  const problem = { credential: 'ghcr', where: 'Secret ghcr', problem: 'why' } as const;
  for (const [kind, level] of [
    ['refused', 'wrong'],
    ['no-login', 'wrong'],
    ['source', 'wrong'],
    ['shadowed', 'doubtful'],
    ['leaving', 'doubtful'],
  ] as const) {
    const credential = credentialOf('ghcr', { problems: [{ ...problem, kind }] });
    t.same(of({ credentials: [credential] }), [`${level}: credential ghcr: ${kind}: why (Secret ghcr)`]);
    t.equal(credentialState(credential, NOW), kind);
  }
  const file = { kind: 'source', credential: '', where: 'docker config x.json', problem: 'it is not there' } as const;
  t.same(of({ problems: [file] }), ['wrong: docker config x.json: source: it is not there (docker config x.json)']);
});

t.test('of logins: a third of their life is enough to be renewed, a quarter is late', async (t) => {
  const login = (expires: number, obtained?: number) =>
    credentialOf('ecr', {
      patterns: [{ text: 'ecr.example', hasLogin: true, expires, ...(obtained !== undefined && { obtained }) }],
    });
  for (const [credential, found, state] of [
    [login(NOW + 4 * HOUR_MS, NOW - 8 * HOUR_MS), undefined, 'ok, expires in 4h'],
    [
      login(NOW + 2 * HOUR_MS, NOW - 10 * HOUR_MS),
      /^doubtful: .* expires in 2h, and no other has come$/,
      'expires in 2h',
    ],
    [login(NOW + 2 * HOUR_MS), undefined, 'ok, expires in 2h'],
    [login(NOW + HOUR_MS / 2), /^doubtful: .* expires in 30m/, 'expires in 30m'],
    [login(NOW - 3 * HOUR_MS), /^wrong: .* has expired 3h ago, and no other has come$/, 'expired 3h ago'],
  ] as const) {
    const findings = of({ credentials: [credential] });
    t.equal(findings.length, found === undefined ? 0 : 1, state);
    if (found !== undefined) t.match(findings[0], found, state);
    t.equal(credentialState(credential, NOW), state);
  }
  t.equal(loginText({ text: 'x', hasLogin: false }, NOW), 'no login');
  t.equal(
    loginText({ text: 'x', hasLogin: true, obtained: NOW - HOUR_MS, expires: NOW - 1_000 }, NOW),
    'login, obtained 60m ago, expired 1s ago',
  );
  const patterns = [{ text: 'a', hasLogin: false }];
  t.equal(credentialState(credentialOf('x', { patterns }), NOW), 'no login');
  t.equal(
    credentialState(credentialOf('x', { patterns: [...patterns, { text: 'b', hasLogin: true }] }), NOW),
    'a login is missing',
  );
});

t.test('of logins that were tried', async (t) => {
  for (const [result, level, state] of [
    ['accepted', undefined, 'ok'],
    ['no-challenge', undefined, 'ok'],
    ['refused', 'wrong', 'refused at r.example'],
    ['forbidden', 'wrong', 'forbidden at r.example'],
    ['timeout', 'doubtful', 'ok'],
    ['tls', 'doubtful', 'ok'],
  ] as const) {
    const credential = credentialOf('x', { health: [{ host: 'r.example', result }] });
    const expected =
      level === undefined ? [] : [new RegExp(`^${level}: credential x: .* at r.example: ${result}: the `)];
    t.match(of({ credentials: [credential] }), expected);
    t.equal(of({ credentials: [credential] }).length, expected.length);
    t.equal(credentialState(credential, NOW), state);
  }
});

t.test('of namespaces', async (t) => {
  const fresh = pullSecretOf();
  const rows = [
    [namespaceOf('a'), undefined, 'ok'],
    [namespaceOf('a', { takesPart: false }), undefined, 'does not take part'],
    [
      namespaceOf('a', { refused: 'foreign', pullSecret: pullSecretOf({ ours: false }) }),
      /is not ours; it is never touched > kubectl -n a get secret pullpass-dockercfg$/,
      'not ours',
    ],
    [namespaceOf('a', { refused: 'too-large' }), /left as it is: the content would be larger/, 'refused: too-large'],
    [namespaceOf('a', { failed: 'quota: it forbids it' }), /not written: quota: it forbids it$/, 'not written: quota'],
    [namespaceOf('a', { missedPods: ['p'] }), /Pod p was made .* > pullpass explain pod\/p -n a$/, '1 missed Pod'],
    [namespaceOf('a', { missedPods: ['p', 'q'], moreMissedPods: 3 }), /5 Pods, p among them/, '5 missed Pods'],
    [namespaceOf('a', { pullSecret: { ...fresh, change: 'apply content' } }), undefined, 'to do: apply content'],
    [namespaceOf('a', { pullSecret: { ...fresh, leaves: NOW + 23 * HOUR_MS } }), undefined, 'leaves in 23h'],
    [namespaceOf('a', { pullSecret: { ...fresh, ours: false } }), undefined, 'not ours, and nobody needs it to be'],
    [
      namespaceOf('a', { failed: 'unavailable', missedPods: ['p'] }),
      /not written: unavailable/,
      'not written: unavailable, 1 missed Pod',
    ],
  ] as const;
  for (const [namespace, found, state] of rows) {
    const findings = of({ sync: syncOf([namespace]) });
    if (found !== undefined) t.match(findings[0], found, state);
    t.equal(findings.length === 0, found === undefined, state);
    t.equal(namespaceState(namespace, NOW), state);
  }
  const { pullSecret: _, ...bare } = namespaceOf('a');
  t.equal(namespaceState(bare, NOW), 'no pull Secret');
  t.equal(namespaceState({ ...bare, takesPart: false }, NOW), 'does not take part');
});
