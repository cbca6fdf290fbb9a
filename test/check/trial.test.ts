// Which Pod is tried, and what is made of the answer: a healthy installation must never look broken because of a Pod that nobody would serve.
import t from 'tap';
import type { FactsAfter } from '../../src/check/facts.ts';
import { imageOf, trialPlaces } from '../../src/check/trial-image.ts';
import { parseImage } from '../../src/core/image.ts';
import { covers, parsePattern } from '../../src/core/pattern.ts';
import { AFTER_IT, after, CREDENTIAL, notWell, STATUS, slice } from './given.ts';

const patterns = (...texts: string[]) => texts.map((text) => ({ text, hasLogin: true }));

for (const [text, image] of [
  ['ghcr.io', 'ghcr.io/pullpass/pullpass-check'],
  ['ghcr.io/acme', 'ghcr.io/acme/pullpass-check'],
  ['ghcr.io/acme/', 'ghcr.io/acme/pullpass-check'],
  ['r.acme.example:5000/team-*', 'r.acme.example:5000/team-x/pullpass-check'],
  ['docker.io', 'docker.io/pullpass/pullpass-check'],
  ['docker.io/acme', 'docker.io/acme/pullpass-check'],
  ['*.acme.example', undefined],
] as const) {
  t.test(`an image of ${text}`, async (t) => {
    t.equal(imageOf({ ...CREDENTIAL, patterns: patterns(text), except: ['docker.io/library'] }), image);
    const pattern = parsePattern(text);
    const parsed = parseImage(image ?? '');
    if (pattern.ok && parsed !== undefined) t.ok(covers(pattern.value, parsed), 'the pattern covers it');
  });
}

t.test('none of a pattern without a login, nor of what is excepted', async (t) => {
  t.equal(imageOf({ ...CREDENTIAL, patterns: [{ text: 'ghcr.io', hasLogin: false }] }), undefined);
  t.equal(
    imageOf({ ...CREDENTIAL, patterns: patterns('ghcr.io/a', 'ghcr.io/b'), except: ['ghcr.io/a'] }),
    'ghcr.io/b/pullpass-check',
  );
});

const LABELS = { 'pullpass.dev/inject': 'enabled' };
const namespace = (name: string, more: object = {}) => ({ name, labels: { ...LABELS, ...more }, leaving: false });

t.test('a namespace that takes part, is not leaving, and may use the credential', async (t) => {
  const only = { ...STATUS, credentials: [{ ...CREDENTIAL, namespaces: { matchLabels: { team: 'a' } } }] };
  const all = [
    { name: 'none', labels: {}, leaving: false },
    { ...namespace('gone', { team: 'a' }), leaving: true },
    namespace('kube-system', { team: 'a' }),
    namespace('pullpass-system', { team: 'a' }),
    namespace('b', { team: 'b' }),
    namespace('a', { team: 'a' }),
  ];
  t.same(trialPlaces(only, all), [{ namespace: 'a', image: 'registry.acme.example/pullpass/pullpass-check' }]);
  t.match(trialPlaces(only, all.slice(0, 4)), { nothing: 'no namespace takes part yet' });
  t.match(trialPlaces(only, all.slice(0, 5)), { nothing: /^in no namespace that takes part/ });
});

t.test('not one where a Secret is in the way', async (t) => {
  const refused = { name: 'a', takesPart: true, refused: 'foreign', missedPods: [], moreMissedPods: 0 } as const;
  const status = { ...STATUS, sync: { held: 0, takingPart: 2, namespaces: [refused], more: 0 } };
  t.same(trialPlaces(status, [namespace('a'), namespace('b')]), [
    { namespace: 'b', image: 'registry.acme.example/pullpass/pullpass-check' },
  ]);
});

const at = { namespace: 'shop', image: 'registry.acme.example/x' };
const unserved = { ...at, created: { spec: {} } };
const refusal = (status: number, message: string) => ({ ...at, refused: { status, message } });
const cannotCall =
  'Internal error occurred: failed calling webhook "inject.pullpass.dev": failed to call webhook: Post "https://x": no endpoints';

const rows: readonly (readonly [string, Partial<FactsAfter>, RegExp])[] = [
  [
    'nothing else is wrong',
    { trial: unserved },
    /^fail dry-run: .* does not get the pull Secret \| nothing else is found wrong/,
  ],
  [
    'the cause is what others depend on',
    { trial: unserved, slices: slice(false), scopeDifferences: ['narrow'] },
    /^fail dry-run: .*most likely because of what webhook-scope says/,
  ],
  [
    'in a cloud',
    { trial: unserved, clouds: { seen: ['GKE'], privateNodes: true, ownNetwork: false } },
    /^fail dry-run: .*443 and 10250/,
  ],
  [
    'another Secret is listed',
    { trial: { ...at, created: { spec: { imagePullSecrets: [{ name: 'other' }, null] } } } },
    /^fail dry-run/,
  ],
  [
    'it cannot be called',
    { trial: refusal(500, cannotCall) },
    /^fail dry-run: the API server cannot call Pullpass: no endpoints/,
  ],
  [
    'another webhook',
    { trial: refusal(500, 'failed calling webhook "x.other.dev"') },
    /^warn dry-run: cannot tell whether Pods are served: .*x.other.dev/,
  ],
  [
    'no right',
    { trial: refusal(403, 'pods is forbidden: User "x" cannot create resource "pods"') },
    /^warn dry-run: cannot tell whether Pods are served: you may not create pods in shop/,
  ],
  ['a quota', { trial: refusal(403, 'exceeded quota: x') }, /^warn dry-run: cannot tell .*exceeded quota/],
  [
    'no answer',
    { trial: { ...at, unavailable: 'create pods: no answer in time' } },
    /^fail dry-run: .*no answer in time/,
  ],
  ['nothing to try', { trial: { nothing: 'so it is' } }, /^warn dry-run: no Pod was tried: so it is$/],
];
for (const [why, change, expected] of rows) {
  t.test(why, async (t) => t.match(notWell(after({ ...AFTER_IT, ...change })).at(-1), expected));
}
