// For every manifest in every style: what comes out means what went in and the pull Secret, the author's text is all there, and
// where the quick reader reads a text at all it reads the same as the library.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { parse } from 'yaml';
import { readWithLibrary } from '../../src/inject/library-reader.ts';
import { readQuickly } from '../../src/inject/quick-reader.ts';
import { injectStream, keepsAll, OURS } from './given.ts';
import { writeStyled } from './styled.ts';

const SEED = Number(process.env.FC_SEED ?? Date.now() % 1_000_000);
const RUNS = Number(process.env.FC_RUNS ?? 400);
const text = fc.oneof(
  fc.constantFrom(
    'a',
    'true',
    'null',
    '1',
    '0x1f',
    '1e3',
    '.5',
    '-',
    '~',
    'a: b',
    'a #b',
    "it's",
    '"',
    '---',
    '{{ x }}',
    '',
  ),
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  fc.constantFrom(
    'several\nlines',
    ' leading',
    'trailing ',
    '\ttab',
    'two\n\nmore\n',
    '#no',
    '*no',
    '&no',
    '%no',
    '@no',
  ),
);
const image = fc.constantFrom('ghcr.io/acme/a:1', `ghcr.io/acme/b@sha256:${'0'.repeat(64)}`, 'nginx');
const anything = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, text, fc.constantFrom(null, true, 7, -1.5), tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 3 }),
  map: fc.dictionary(fc.constantFrom('a', 'b-c', 'd.e/f', 'g h', 'true', '1', "k'"), tie('value'), { maxKeys: 3 }),
}));
const containers = fc.array(fc.record({ name: text, image, env: anything.value }), { minLength: 1, maxLength: 2 });
const list = fc.array(fc.constantFrom({ name: 'one' }, { name: 'true' }, { name: 'x', other: [1] }, null, {}), {
  maxLength: 3,
});
const spec = fc.record(
  { containers, before: anything.value, imagePullSecrets: fc.option(list) },
  { requiredKeys: ['containers'] },
);
const manifest = fc.record({ metadata: anything.map, podSpec: spec }).map(({ metadata, podSpec }) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata,
  spec: podSpec,
}));

interface Manifest {
  readonly spec: {
    readonly containers: readonly { image: string }[];
    readonly imagePullSecrets?: readonly unknown[] | null;
  };
}

function withOurs(value: Manifest): unknown {
  if (!value.spec.containers.some(({ image }) => image.startsWith('ghcr.io/acme/'))) return value;
  return {
    ...value,
    spec: { ...value.spec, imagePullSecrets: [...(value.spec.imagePullSecrets ?? []), { name: OURS }] },
  };
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

t.test(`in every style, ${RUNS} runs, seed ${SEED}`, async (t) => {
  let quick = 0;
  fc.assert(
    fc.property(manifest, fc.infiniteStream(fc.nat(1_000)), (value, choices) => {
      const before = writeStyled(value, () => choices.next().value ?? 0);
      if (!isDeepStrictEqual(parse(before), plain(value))) throw new Error(`the test wrote something else:\n${before}`);
      if (readQuickly(before) !== undefined) quick++;
      const after = injectStream(before);
      if (!isDeepStrictEqual(plain(parse(after)), plain(withOurs(value as Manifest))))
        throw new Error(`${before}\n=>\n${after}`);
      if (!keepsAll(before, after)) throw new Error(`something is gone:\n${before}\n=>\n${after}`);
    }),
    { seed: SEED, numRuns: RUNS },
  );
  t.ok(quick > RUNS / 10, `${quick} of them were for the quick reader`);
});

const PIECES = [
  ...[
    ' ',
    '  ',
    '\n',
    '\t',
    ':',
    ': ',
    '#',
    ' #',
    '- ',
    '-',
    '|',
    '|-\n',
    '>',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ',',
    '\\',
  ],
  ...[
    '\r\n',
    '...\n',
    '&a ',
    '*a',
    '!',
    '%',
    '~',
    'null',
    'true',
    '<<: ',
    'x: y\n',
    '- z\n',
    '?',
    '=',
    '{}',
    '[]',
    'é',
  ],
  ...[
    '\u00a0',
    '\u2028',
    '\ufeff',
    '0x1f',
    '1e3',
    '.5',
    '+1',
    '-0',
    '1_000',
    '0o7',
    '.inf',
    '__proto__: 1\n',
    'a',
    '0',
  ],
];
const damage = fc.array(fc.tuple(fc.nat(100_000), fc.nat(3), fc.constantFrom(...PIECES)), { maxLength: 4 });

t.test(`a text with anything wrong in it is read as the library reads it, or left to it, seed ${SEED}`, async (t) => {
  let both = 0;
  fc.assert(
    fc.property(manifest, fc.infiniteStream(fc.nat(1_000)), damage, (value, choices, damages) => {
      let broken = writeStyled(value, () => choices.next().value ?? 0);
      for (const [where, gone, piece] of damages) {
        const at = where % (broken.length + 1);
        broken = broken.slice(0, at) + piece + broken.slice(at + gone);
      }
      const read = /\n---/.test(broken) ? undefined : readQuickly(broken);
      if (read === undefined) return;
      both++;
      const slow = readWithLibrary(broken);
      const isSame = 'value' in slow && isDeepStrictEqual(plain(read.value), plain(slow.value));
      if (!isSame) throw new Error(`${JSON.stringify(broken)}\n${JSON.stringify(read.value)}\n${JSON.stringify(slow)}`);
    }),
    { seed: SEED, numRuns: 2 * RUNS },
  );
  t.ok(both > RUNS / 10, `${both} of ${2 * RUNS} were read by both`);
});
