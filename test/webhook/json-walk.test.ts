// The code in the repository is that of the source beside it, and where there is none, or no room for what it needs, reviews are parsed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { assemble } from '../../assemble.ts';
import { selectWorkloads } from '../../src/core/workload.ts';
import { openWalk } from '../../src/webhook/json-walk.ts';
import { createReviewReader } from '../../src/webhook/review.ts';
import { createReviewScan } from '../../src/webhook/review-scan.ts';

const WEBHOOK = join(import.meta.dirname, '..', '..', 'src', 'webhook');

function reviewOf(group: string, kind: string, note = ''): Buffer {
  const podSpec = { containers: [{ name: 'app', image: 'ghcr.io/acme/app' }] };
  const request = { uid: 'u', kind: { group, kind }, namespace: 'shop', operation: 'CREATE' };
  const object = { metadata: { annotations: { note } }, spec: { template: { spec: podSpec } } };
  const envelope = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' };
  return Buffer.from(JSON.stringify({ ...envelope, request: { ...request, object } }));
}

const READ = { ok: true, review: { uid: 'u', subject: { images: [{ image: 'ghcr.io/acme/app' }] } } };

t.test('the code is what its source gives', async (t) => {
  t.equal(readFileSync(join(WEBHOOK, 'json-walk-code.ts'), 'utf8'), await assemble());
});

t.test('a review beyond the memory is parsed', async (t) => {
  const workloads = selectWorkloads(['Deployment']);
  const [scan, read] = [createReviewScan(workloads, openWalk()).scan, createReviewReader(workloads, openWalk())];
  for (const [megabytes, isScanned] of [
    [0, true],
    [1.5, true],
    [2, false],
  ] as const) {
    const pieces = [reviewOf('apps', 'Deployment', 'x'.repeat(megabytes * 1024 * 1024))];
    t.equal(scan(pieces) !== undefined, isScanned, `${megabytes} MiB`);
    t.match(read(pieces), READ);
  }
});

t.test('kinds beyond the memory are parsed', async (t) => {
  const kinds = Array.from({ length: 2_000 }, (_, i) => ({
    group: 'example.com',
    kind: `Kind${i}`,
    podSpec: '/spec/template/spec',
  }));
  const workloads = selectWorkloads(kinds);
  const [scan, read] = [createReviewScan(workloads, openWalk()).scan, createReviewReader(workloads, openWalk())];
  for (const [kind, isScanned] of [
    ['Kind0', true],
    ['Kind1999', false],
  ] as const) {
    const pieces = [reviewOf('example.com', kind)];
    t.equal(scan(pieces) !== undefined, isScanned, kind);
    t.match(read(pieces), READ);
  }
});

t.test('without WebAssembly reviews are parsed', async (t) => {
  const pieces = [reviewOf('apps', 'Deployment')];
  const workloads = selectWorkloads(['Deployment']);
  const { WebAssembly } = globalThis as { WebAssembly?: unknown };
  Reflect.deleteProperty(globalThis, 'WebAssembly');
  t.teardown(() => Reflect.set(globalThis, 'WebAssembly', WebAssembly));
  t.equal(openWalk(), undefined);
  t.equal(createReviewScan(workloads, undefined).scan(pieces), undefined);
  t.match(createReviewReader(workloads, undefined)(pieces), READ);
});
