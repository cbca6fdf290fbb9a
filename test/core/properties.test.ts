// What holds for every object and every set of credentials: injecting twice adds nothing, what the user wrote stays, and the
// patch applies and touches one list only.
import fc from 'fast-check';
import jsonPatch, { type Operation } from 'fast-json-patch';
import t from 'tap';
import { decideImages, planInjection, type Surroundings } from '../../src/core/injection.ts';
import { planPatch } from '../../src/core/patch.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { renderPullSecret } from '../../src/core/pull-secret.ts';
import { readSubject } from '../../src/core/subject.ts';
import { KNOWN_WORKLOADS, selectWorkloads, type Workload } from '../../src/core/workload.ts';
import { cases, credentialsOf } from './generated.ts';
import { credential } from './given.ts';

const seed = Number(process.env.PULLPASS_SEED ?? 20_260_101);
t.comment(`PULLPASS_SEED=${seed}`);

const OURS = 'pullpass-dockercfg';
const workloads = selectWorkloads(KNOWN_WORKLOADS.map(({ kind }) => kind));
const policy = compilePolicy([credential('r', ['r.io']), credential('e', ['e.io/x/'])]);

const name = fc.constantFrom(OURS, 'u', 'v', 's');
const image = fc.constantFrom('r.io/app', 'r.io/b:1', 'e.io/x/app', 'e.io/app', 'nginx', '', 'Not Valid');
const entry = fc.oneof(
  { weight: 5, arbitrary: fc.record({ name }) },
  { weight: 1, arbitrary: fc.constantFrom(null, {}, { name: '' }, { name: 'w', more: 1 }) },
);
const podSpec = fc.record(
  {
    initContainers: fc.array(fc.record({ image }), { maxLength: 1 }),
    containers: fc.array(fc.record({ name, image }), { maxLength: 3 }),
    imagePullSecrets: fc.oneof(fc.constant(null), fc.array(entry, { maxLength: 4 })),
    serviceAccountName: name,
    more: fc.jsonValue(),
  },
  { requiredKeys: ['containers'] },
);
function mostly(value: boolean): fc.Arbitrary<boolean> {
  return fc.constantFrom(value, value, value, !value);
}

const pullSecret = fc.option(
  fc.record({
    uid: name,
    resourceVersion: name,
    type: name,
    ours: mostly(true),
    credentials: fc.array(name),
    keys: fc.constant(new Set<string>()),
  }),
  { nil: undefined },
);
const serviceAccount = fc.record({ pullSecrets: fc.array(name, { maxLength: 3 }), enforcesMountable: mostly(false) });
const around: fc.Arbitrary<Surroundings> = fc.record({ serviceAccount, pullSecret });

function objectOf(workload: Workload, spec: unknown): unknown {
  return workload.podSpec
    .toReversed()
    .reduce<unknown>((inner, segment) => ({ [segment]: inner, status: 'kept' }), spec);
}

interface PodSpec {
  readonly imagePullSecrets?: readonly unknown[] | null;
}

function podSpecOf(object: unknown, { podSpec }: Workload): PodSpec {
  return podSpec.reduce((inner, segment) => (inner as Record<string, unknown>)[segment], object) as PodSpec;
}

/** One admission: the object as it comes out, and how many names were added. */
function admit(
  object: unknown,
  workload: Workload,
  surroundings: Surroundings,
): readonly [after: unknown, added: number] {
  const subject = readSubject({ kind: workload, operation: 'CREATE', object }, workloads);
  if (typeof subject === 'string') return [object, 0];
  const injection = planInjection(subject, decideImages(subject.images, {}, policy), surroundings, OURS);
  const patch = planPatch(subject, injection) as Operation[];
  return [jsonPatch.applyPatch(structuredClone(object), patch, true).newDocument, injection.add.length];
}

t.test('an admission adds to one list only, and a second one adds nothing', async (t) => {
  let additions = 0;
  fc.assert(
    fc.property(fc.constantFrom(...KNOWN_WORKLOADS), podSpec, around, (workload, spec, surroundings) => {
      const before: unknown = JSON.parse(JSON.stringify(objectOf(workload, spec)));
      const [after, added] = admit(before, workload, surroundings);
      const was = podSpecOf(before, workload).imagePullSecrets ?? [];
      const is = podSpecOf(after, workload).imagePullSecrets ?? [];
      additions += added;
      const kept = JSON.stringify(is.slice(0, was.length)) === JSON.stringify(was) && is.length === was.length + added;
      const rest = JSON.stringify(withList(after, workload)) === JSON.stringify(withList(before, workload));
      return kept && rest && admit(after, workload, surroundings)[1] === 0;
    }),
    { seed, numRuns: 20_000 },
  );
  t.ok(additions > 2000, `${additions} names were added`);
});

/** The object with an empty list, for comparing everything else. */
function withList(object: unknown, workload: Workload): unknown {
  return objectOf(workload, { ...podSpecOf(object, workload), imagePullSecrets: [] });
}

t.test('the same credentials always render the same bytes', async (t) => {
  fc.assert(
    fc.property(cases(false, 1), ({ credentials }) => {
      const render = () =>
        renderPullSecret(
          credentialsOf(credentials),
          (name) => ({ username: name, password: 'x' }),
          'kubernetes.io/dockercfg',
        );
      const [once, again] = [render(), render()];
      return once !== undefined && once.value === again?.value;
    }),
    { seed, numRuns: 500 },
  );
  t.pass('500 sets');
});
