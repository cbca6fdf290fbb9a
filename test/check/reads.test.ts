// Each answer of the API server as a value, and what is asked for: of Secrets no more than is needed.
import t from 'tap';
import { openCheckReads } from '../../src/cluster/check-reads.ts';
import type { Answer, Call } from '../../src/cluster/client.ts';
import { ApiUnavailable } from '../../src/cluster/unavailable.ts';

function answering(...answers: readonly (Answer | Error)[]) {
  const calls: Call[] = [];
  const reads = openCheckReads({
    async call(call) {
      const answer = answers[Math.min(calls.length, answers.length - 1)] as Answer | Error;
      calls.push(call);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { reads, calls };
}

const SECRETS = { resource: 'secrets', namespace: 'x' };

t.test('an object, none, no right, no API server', async (t) => {
  const get = (answer: Answer | Error) => answering(answer).reads.get({ ...SECRETS, name: 'y' });
  t.same(await get({ status: 200, body: { kind: 'Secret' } }), { found: { kind: 'Secret' } });
  t.same(await get({ status: 404, body: {} }), { absent: true });
  const act = { verb: 'get', group: '', resource: 'secrets', namespace: 'x', name: 'y' };
  t.same(await get({ status: 403, body: {} }), { forbidden: act });
  t.match(
    await get({ status: 401, body: {} }),
    { unavailable: /answered 401/ },
    'whom nobody knows may lack more than a right',
  );
  t.match(await get({ status: 500, body: {} }), { unavailable: /answered 500/ });
  t.same(await get(new ApiUnavailable('timeout', 'no answer in time')), { unavailable: 'no answer in time' });
  await t.rejects(get(new TypeError('a fault of ours')));
});

t.test('what a Secret holds is not asked for', async (t) => {
  const { reads, calls } = answering({ status: 200, body: { items: [{ metadata: { name: 'y' } }] } });
  await reads.get({ ...SECRETS, name: 'y', metadataOnly: true });
  const place = { resource: 'secrets', fields: 'metadata.name=y', metadataOnly: true };
  t.match(await reads.list(place, (one) => one), { found: [{ metadata: { name: 'y' } }] });
  t.match(calls, [
    { path: '/api/v1/namespaces/x/secrets/y', accept: /as=PartialObjectMetadata;/ },
    { path: '/api/v1/secrets', accept: /as=PartialObjectMetadataList;/, query: { fieldSelector: 'metadata.name=y' } },
  ]);
});

t.test('all pages of a list, or only the first of them', async (t) => {
  const pages = [
    { status: 200, body: { metadata: { continue: 'more' }, items: [{ n: 1 }, { n: 2 }] } },
    { status: 200, body: { items: [{ n: 3 }] } },
  ];
  const place = { group: 'apps', resource: 'deployments', labels: 'a=b' };
  const all = answering(...pages);
  const odd = (object: unknown) => ((object as { n: number }).n % 2 ? object : undefined);
  t.same(await all.reads.list(place, odd), { found: [{ n: 1 }, { n: 3 }] });
  t.match(all.calls[0], { path: '/apis/apps/v1/deployments', query: { labelSelector: 'a=b' } });
  const few = answering(...pages);
  t.same(await few.reads.list({ ...place, most: 2 }, odd), { found: [{ n: 1 }] });
  t.match(few.calls, { length: 1, 0: { query: { limit: '2' } } });
});

t.test('rights are asked for oneself, or for a ServiceAccount with its groups', async (t) => {
  const { reads, calls } = answering({ status: 201, body: { status: { allowed: true } } });
  const act = { verb: 'list', group: '', resource: 'pods', namespace: 'x' };
  t.same(await reads.may(act), { found: true });
  t.same(await reads.may(act, 'system:serviceaccount:x:pullpass'), { found: true });
  t.match(calls, [
    { path: /\/selfsubjectaccessreviews$/, body: { spec: { resourceAttributes: act } } },
    {
      path: /\/subjectaccessreviews$/,
      body: { spec: { user: 'system:serviceaccount:x:pullpass', groups: /./ } },
    },
  ]);
  const refused = answering({ status: 403, body: {} });
  t.match(await refused.reads.may(act, 'someone'), { forbidden: { verb: 'create', resource: 'subjectaccessreviews' } });
  t.same(await answering({ status: 201, body: {} }).reads.may(act), { found: false }, 'no word is no right');
});
