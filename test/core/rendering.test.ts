// What the pull Secret of a namespace should hold is kept by the labels that selectors read. For every namespace that must be what
// its own labels say.
import fc from 'fast-check';
import t from 'tap';
import type { Credential } from '../../src/core/credential.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import type { LabelSelector } from '../../src/core/selector.ts';
import { credential, renderingsOf } from './given.ts';

const key = fc.constantFrom('team', 'stage', 'constructor');
const value = fc.constantFrom('', 'a', 'b');
const labels = fc.dictionary(fc.oneof(key, fc.constant('other')), value);
const requirement = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.array(value, { minLength: 1 }),
  }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
);
const selector: fc.Arbitrary<LabelSelector> = fc.record(
  { matchLabels: fc.dictionary(key, value), matchExpressions: fc.array(requirement, { maxLength: 2 }) },
  { requiredKeys: [] },
);

t.test(
  'for every set of selectors and labels: the rendering is of the credentials that these labels admit',
  async (t) => {
    const seed = Number(process.env.PULLPASS_SEED ?? Date.now() % 1_000_000);
    t.comment(`seed ${seed}`);
    let shared = 0;
    const property = fc.property(
      fc.array(selector, { maxLength: 4 }),
      fc.array(labels, { maxLength: 8 }),
      (selectors, all) => {
        const credentials: readonly Credential[] = selectors.map((namespaces, i) => ({
          ...credential(`c${i}`, [`r${i}.io`]),
          namespaces,
        }));
        const policy = compilePolicy(credentials);
        const renderings = renderingsOf(policy);
        for (const namespace of all) {
          const { admitted, content } = renderings.of(namespace);
          t.strictSame(admitted, policy.admitted(namespace));
          t.strictSame(content?.credentials, admitted.map(({ name }) => name).sort());
          if (renderings.of({ ...namespace, unread: 'x' }) === renderings.of(namespace)) shared += 1;
          t.equal(renderings.of(namespace, 'kubernetes.io/dockercfg').content?.type, 'kubernetes.io/dockercfg');
        }
      },
    );
    fc.assert(property, { seed, numRuns: 300 });
    t.ok(shared > 100, 'labels that nobody reads make no difference');
  },
);
