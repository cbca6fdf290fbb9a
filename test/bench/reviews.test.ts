// The reviews that servers are measured with are what an API server would send: valid Pods, of the sizes that the tables name, the
// same in every run, with an answer that the decision of Pullpass itself gives.
import t from 'tap';
import { bareObject, makeReviews, PULL_SECRET, type Review } from '../../bench/reviews.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { expectOk, makeNamespace } from '../serve/installation.ts';

const PLACES = [
  { namespace: 'shop-a-0', registries: [0, 1, 2] },
  { namespace: 'shop-a-1', registries: [7] },
] as const;
const ORDER =
  'uid,kind,resource,requestKind,requestResource,namespace,operation,userInfo,object,oldObject,dryRun,options';
const SIZES = [2, 7, 8, 60];

const setOf = (kilobytes: number): Review[] => makeReviews({ bytes: kilobytes * 1_024, count: 64, places: PLACES });
const sets = new Map(SIZES.map((size) => [size, setOf(size)]));

t.test('a set is the same in every run, and no two of its reviews are', async (t) => {
  const [first, second] = [setOf(7), setOf(7)];
  t.same(first, second);
  t.equal(new Set(first.map(({ text }) => text)).size, 64);
  t.equal(new Set(first.map(({ uid }) => uid)).size, 64);
});

t.test('a review is as long as its table says, within a fifth', async (t) => {
  for (const [size, reviews] of sets) {
    for (const { text } of reviews) {
      const bytes = Buffer.byteLength(text);
      t.ok(Math.abs(bytes - size * 1_024) <= (size * 1_024) / 5, `${bytes} bytes for ${size} KB`);
    }
  }
});

t.test('the text is as Go encodes it', async (t) => {
  for (const { text, uid } of sets.get(60) ?? []) {
    const { kind, apiVersion, request } = JSON.parse(text);
    t.same([kind, apiVersion, request.uid], ['AdmissionReview', 'admission.k8s.io/v1', uid]);
    t.equal(
      Object.keys(request)
        .filter((key) => key !== 'name')
        .join(),
      ORDER,
    );
    t.match(text, /[^\n]\n$/);
    t.notMatch(text, /[<>&]/, 'escaped');
  }
  const all = (sets.get(60) ?? []).map(({ text }) => text).join('');
  for (const part of ['\\u003c', '\\n', '\\"', 'Київ', '🚀', 'f:env', 'initContainers', 'livenessProbe'])
    t.ok(all.includes(part), `some have ${part}`);
});

t.test('what an answer adds follows from the Pod', async (t) => {
  for (const reviews of sets.values()) {
    const kinds = new Set<string>();
    for (const { text, adds, isPrivate } of reviews) {
      const { spec } = JSON.parse(text).request.object;
      const all = [...spec.containers, ...(spec.initContainers ?? [])] as readonly { image: string }[];
      t.equal(
        all.some(({ image }) => /^registry-\d{4}\.example\.com\//.test(image)),
        isPrivate,
      );
      const listed = (spec.imagePullSecrets ?? []).map(({ name }: { name: string }) => name);
      const nothing = !isPrivate || listed.includes(PULL_SECRET);
      t.equal(adds, nothing ? 'nothing' : listed.length === 0 ? 'list' : 'entry');
      kinds.add(adds);
    }
    t.equal(kinds.size, 3, 'all kinds are there');
  }
});

t.test('the API server takes every Pod, and knows every field', async (t) => {
  const plane = await startControlPlane();
  t.teardown(() => plane.stop());
  for (const { namespace } of PLACES) await makeNamespace(plane.api, namespace, {});
  for (const [size, reviews] of sets) {
    for (const review of size === 60 ? reviews.slice(0, 16) : reviews) {
      const { namespace } = JSON.parse(review.text).request;
      const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Strict`;
      await expectOk(plane.api.call('POST', path, bareObject(review)));
    }
    t.pass(`${size} KB`);
  }
});
