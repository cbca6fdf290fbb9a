// The small parts: names of kinds, the copy for a dry run, words of others, and the form that is printed.
import t from 'tap';
import { paintWith } from '../../src/command-line/paint.ts';
import { copyOfPod, plainPod } from '../../src/explain/copy.ts';
import { findCustomKind } from '../../src/explain/custom-kind.ts';
import { explain } from '../../src/explain/explain.ts';
import { labelOf, readName } from '../../src/explain/kinds.ts';
import { printText, toJson } from '../../src/explain/print.ts';
import { ageOf, quiet, quietPull, shellWord } from '../../src/explain/words.ts';
import { credentialStatus, factsOf, liveFacts, PULL_SECRET, podFact, statusOf } from './given.ts';

t.test('kinds by the names that users of kubectl type', async (t) => {
  const rows = [
    ['po/web', 'pod/web'],
    ['pods/web', 'pod/web'],
    ['deploy/web', 'deployment/web'],
    ['deployments.apps/web', 'deployment/web'],
    ['Deployment/web', 'deployment/web'],
    ['sts/db', 'statefulset/db'],
    ['ds/agent', 'daemonset/agent'],
    ['rs/web-1', 'replicaset/web-1'],
    ['rc/old', 'replicationcontroller/old'],
    ['job/once', 'job/once'],
    ['cj/nightly', 'cronjob/nightly'],
    ['podtemplate/x', 'podtemplate/x'],
  ] as const;
  for (const [typed, label] of rows) {
    const named = readName(typed);
    t.ok(typeof named === 'object' && 'kind' in named && labelOf(named.kind, named.name) === label, typed);
  }
  t.same(readName('rollout.argoproj.io/web'), { type: 'rollout', group: 'argoproj.io', name: 'web' });
  t.same(readName('job.batch.volcano.sh/x'), { type: 'job', group: 'batch.volcano.sh', name: 'x' }, 'another Job');
  for (const wrong of ['web', 'pod/', 'configmap/x', 'a/b/c']) t.type(readName(wrong), 'string', wrong);
});

t.test('a custom kind by singular, plural and short name', async (t) => {
  const resource = {
    name: 'rollouts',
    singularName: 'rollout',
    shortNames: ['ro'],
    kind: 'Rollout',
    version: 'v1alpha1',
  };
  const kind = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', resource: 'rollouts' };
  for (const typed of ['rollout', 'rollouts', 'ro']) t.same(findCustomKind('argoproj.io', typed, [resource]), kind);
  t.match(findCustomKind('argoproj.io', 'workflow', [resource]), { unknown: /has no kind workflow, it has Rollout/ });
  t.match(findCustomKind('nowhere.io', 'x', []), { unknown: /no API group nowhere.io/ });
});

t.test('a copy leaves out what belongs to the one that is there, and the pull Secret', async (t) => {
  const token = 'kube-api-access-x7k2p';
  const mounts = [
    { name: token, mountPath: '/var/run' },
    { name: 'data', mountPath: '/data' },
  ];
  const reference = { kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true, blockOwnerDeletion: true };
  const pod = {
    metadata: { name: 'web', uid: 'u', managedFields: [{}], labels: { app: 'web' }, ownerReferences: [reference] },
    spec: {
      ...{ nodeName: 'node-1', priority: 0, ephemeralContainers: [{ name: 'debug' }] },
      containers: [{ name: 'c', image: 'i', volumeMounts: mounts }],
      volumes: [{ name: token }, { name: 'data' }],
      imagePullSecrets: [{ name: 'team' }, { name: 'ours' }],
    },
    status: { phase: 'Pending' },
  };
  const before = JSON.stringify(pod);
  t.same(copyOfPod(pod, 'ours'), {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      generateName: 'pullpass-explain-',
      labels: { app: 'web' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }],
    },
    spec: {
      containers: [{ name: 'c', image: 'i', volumeMounts: [mounts[1]] }],
      volumes: [{ name: 'data' }],
      imagePullSecrets: [{ name: 'team' }],
    },
  });
  t.equal(JSON.stringify(pod), before, 'what was read is as it was');
  t.same(plainPod(pod), {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'pullpass-explain-' } },
    spec: { containers: [{ name: 'c0', image: 'i' }] },
  });
});

t.test('words of others', async (t) => {
  t.equal(quiet('a\n\u001b[31mb'), 'a [31mb');
  t.equal(quiet('GET https://u:p@r.io/x?token=1: denied'), 'GET https://…@r.io/x?… denied');
  t.equal(quiet('password=hidden, token: "also hidden" end'), 'password=… token: … end');
  t.equal(quiet('x'.repeat(500)).length, 150);
  const message =
    'Back-off pulling image "r.io/a": ErrImagePull: failed to pull image "r.io/a": failed to authorize: 401';
  t.equal(quietPull(message), 'failed to authorize: 401');
  t.equal(quietPull('Back-off pulling image "r.io/a"'), 'Back-off pulling image "r.io/a"');
  t.same([0, 99_000, 120_000, 7_200_000, 864_000_000].map(ageOf), ['0 s', '99 s', '2 min', '2 h', '10 d']);
  t.same(['team=a', "it's", '$(x)'].map(shellWord), ['team=a', `'it'\\''s'`, "'$(x)'"]);
});

t.test('what is printed fits the width, marks the cause, and can be copied', async (t) => {
  const explanation = explain(liveFacts({ pods: [podFact()] }));
  for (const columns of [20, 80, 100, 400]) {
    const text = printText(explanation, columns, paintWith(false));
    const [head = ''] = text.split('\nFix:');
    t.ok(
      head.split('\n').every((line) => line.length <= Math.min(100, Math.max(60, columns))),
      `${columns}`,
    );
    t.match(text, /^> fail {2}Pod {10}does not list/m);
    t.match(text, '\nFix:\n  kubectl -n shop get pod web -o json | kubectl replace --force -f -\n');
    t.notMatch(text, '\u001b');
  }
  t.match(printText(explanation, 80, paintWith(true)), '\u001b[31m>\u001b[0m');
});

t.test('the same for programs', async (t) => {
  t.match(toJson(explain(liveFacts())), { result: 'wrong', reason: 'pod-immutable', fix: /^kubectl/ });
  const fine = toJson(explain(factsOf()));
  t.match(fine, { object: 'pod/web', namespace: 'shop', result: 'fine', reason: 'injected' });
  t.notOk('fix' in fine);
});

t.test('a name that a manifest or a Pod chose is one word of the command', async (t) => {
  const evil = "x; touch 'y' #";
  const word = "'x; touch '\\''y'\\'' #'";
  const nowhere = explain(factsOf({ namespace: { name: evil, read: { missing: 'absent' } } }));
  t.same(nowhere.fix, [`kubectl create namespace ${word}`]);
  const kind = { group: 'acme.example', version: 'v1', kind: 'X', resource: evil };
  const odd = explain(factsOf({ ...{ kind, object: {}, replica: { unavailable: '' } }, pod: undefined as never }));
  t.same(odd.fix, [`kubectl explain ${word} --recursive`]);
  const statefulSet = { group: 'apps', version: 'v1', kind: 'StatefulSet', resource: 'statefulsets' };
  const owner = { kind: statefulSet, name: evil, template: undefined };
  t.same(explain(liveFacts({ owner, pods: [podFact()] })).fix, [
    "kubectl -n shop rollout restart 'statefulset/x; touch '\\''y'\\'' #'",
  ]);
});

t.test('a Secret with logins for several registries is not replaced by one with a single login', async (t) => {
  const expired = { hasLogin: true, expires: 1 };
  const fixOf = (texts: readonly string[]) => {
    const patterns = texts.map((text) => ({ text, ...expired }));
    const status = statusOf({ credentials: [credentialStatus('ghcr', [], { patterns })] });
    return explain(factsOf({ replica: { status } })).fix.join();
  };
  t.match(fixOf(['ghcr.io/acme/', 'ghcr.io/labs/']), /create secret docker-registry ghcr /);
  t.equal(fixOf(['ghcr.io/acme/', 'quay.io']), '');
});

t.test('labels that may not be read are not taken for none', async (t) => {
  const namespaces = { matchLabels: { team: 'payments' } };
  const status = statusOf({ credentials: [credentialStatus('ghcr', ['ghcr.io/acme/'], { namespaces })] });
  const read = { missing: 'forbidden' } as const;
  const facts = { replica: { status }, namespace: { name: 'shop', read } };
  t.match(explain(factsOf(facts)), { reason: 'injected', fix: [] });
  t.match(explain(factsOf({ ...facts, attempt: { lists: [] } })), { reason: 'could-not-tell', fix: [] });
  const missed = explain(liveFacts({ ...facts, attempt: { lists: [PULL_SECRET] }, pods: [podFact()] }));
  t.match(missed, { reason: 'pod-immutable' });
  t.notMatch(missed.fix.join(), /label namespace/);
});

t.test('a new Secret has a name that is free, and says whom it is for where it must', async (t) => {
  const patterns = [{ text: 'ghcr.io/acme/', hasLogin: false }];
  const status = statusOf({
    credentials: [credentialStatus('ghcr', [], { patterns })],
    problems: [{ kind: 'refused', credential: 'ghcr-io', where: 'Secret ghcr-io', problem: 'x' }],
    settings: { ...statusOf().settings, requireNamespaces: true },
  });
  const { fix } = explain(factsOf({ replica: { status }, attempt: { lists: [] } }));
  t.match(
    fix.join('\n'),
    /create secret docker-registry ghcr-io-2 [^\n]*\n[^\n]*annotate secret ghcr-io-2 pullpass.dev\/namespaces=kubernetes.io\/metadata.name=shop\n[^\n]*label secret ghcr-io-2/,
  );
});
