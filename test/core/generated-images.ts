// Generated image strings: mostly almost valid, because the border between valid and not is what a parser gets wrong.
import fc from 'fast-check';

const HEX = '0123456789abcdef'.repeat(8);

const DOMAINS = [
  'ghcr.io', 'docker.io', 'index.docker.io', 'registry-1.docker.io', 'Docker.io', 'localhost', 'LOCALHOST', 'Localhost',
  'a', 'A', 'aB', 'my-host', '-a.io', 'a-.io', 'a..b', '.a', 'a.', 'a_b.io', 'a.b_c', '[::1]', '[::1', '::1', '[fe80::1%25eth0]',
  '[G::1]', '[2001:DB8::1]', '[]', '1.2.3.4', 'xn--bcher-kva.example', 'bücher.example', 'a b.io', 'a.io.', 'a--b.io', '1', 'https:', 'http:/',
]; // biome-ignore format: lists of near-misses are read by the line
const PORTS = ['', '', '', ':5000', ':0', ':', ':a', ':-1', ':99999999', ':5000:5000', ':05000'];
const COMPONENTS = [
  'a',
  'nginx',
  'library',
  'acme',
  'a-b',
  'a--b',
  'a---b',
  'a_b',
  'a__b',
  'a___b',
  'a.b',
  'a..b',
  'a-_b',
  'a._b',
  '-a',
  'a-',
  '.a',
  'a.',
  '_a',
  'a_',
  '',
  ' ',
  'a b',
  'A',
  'aB',
  'é',
  'ß',
  'İ',
  'ſ',
  '日本',
  'a\n',
  '\u0000',
  'v1',
  'v2',
  '0',
  '0_0',
  'a%2fb',
  'a+b',
  'a~b',
  '..',
  '.',
  'a:b',
  '\ud800',
  '\u212a',
];
const TAGS = [
  '',
  '',
  ':1',
  ':latest',
  ':V1.0',
  ':_a',
  ':.a',
  ':-a',
  ':',
  ':a:b',
  ':a/b',
  ': a',
  `:${'t'.repeat(128)}`,
  `:${'t'.repeat(129)}`,
  ':é',
  ':a+b',
  ':1\n',
];

const algorithm = fc.constantFrom(
  'sha256',
  'sha384',
  'sha512',
  'md5',
  'SHA256',
  'sha-256',
  'sha256+b64',
  'sha256.sha512',
  '1sha',
  '',
  'blake3',
  'sha_256',
);
const length = fc.constantFrom(0, 31, 32, 40, 63, 64, 65, 95, 96, 97, 127, 128);
const ends = fc.constantFrom('', '', '', 'G', 'F', ' ', '@sha256');
const digest = fc.tuple(algorithm, length, ends).map(([name, size, end]) => `@${name}:${HEX.slice(0, size)}${end}`);
const goodDigest = fc.constantFrom(`@sha256:${HEX.slice(0, 64)}`, `@sha384:${HEX.slice(0, 96)}`, `@sha512:${HEX}`);
const anyDigest = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 2, arbitrary: goodDigest },
  { weight: 2, arbitrary: digest },
);

const component = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'nginx', 'acme', 'a-b', 'a__b', 'a.b', 'library', '0') },
  { weight: 2, arbitrary: fc.constantFrom(...COMPONENTS) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'aA0._-:/@ é'), maxLength: 6 }) },
);
const path = fc.array(component, { minLength: 0, maxLength: 4 }).map((parts) => parts.join('/'));
const domain = fc
  .tuple(fc.constantFrom(...DOMAINS), fc.constantFrom(...PORTS))
  .map(([name, port]) => `${name}${port}/`);
const goodDomain = fc.constantFrom(
  'ghcr.io/',
  'docker.io/',
  'index.docker.io/',
  'localhost/',
  'localhost:5000/',
  '[::1]:5000/',
  'A/',
);
const anyDomain = fc.oneof(fc.constant(''), goodDomain, domain);

const goodPath = fc
  .array(fc.constantFrom('a', 'nginx', 'acme', 'a-b', 'a__b', 'a.b', 'library', '0'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));
const tag = fc.constantFrom(...TAGS);
const goodTag = fc.constantFrom('', '', ':1', ':V1.0');
const noDomain = fc.oneof(fc.constant(''), goodDomain);
const noDigest = fc.oneof(fc.constant(''), goodDigest);
/** At most one part is wrong, so that no other hides it; or any of them. */
const built = fc
  .oneof(
    fc.tuple(noDomain, goodPath, goodTag, anyDigest),
    fc.tuple(noDomain, goodPath, tag, noDigest),
    fc.tuple(noDomain, path, goodTag, noDigest),
    fc.tuple(domain, goodPath, goodTag, noDigest),
    fc.tuple(anyDomain, path, tag, anyDigest),
  )
  .map((parts) => parts.join(''));
const long = fc
  .tuple(
    anyDomain,
    fc.integer({ min: 240, max: 258 }),
    fc.constantFrom('', 'b/', 'library/'),
    fc.constantFrom(':1', '', `@sha256:${HEX.slice(0, 64)}`),
  )
  .map(([name, size, first, end]) => `${name}${first}${'a'.repeat(size)}${end}`);
const identifier = fc
  .tuple(
    fc.integer({ min: 62, max: 66 }),
    fc.constantFrom('', 'F', ':1', ' '),
    fc.constantFrom('', '', 'sha256:', 'a/'),
  )
  .map(([size, end, start]) => `${start}${HEX.slice(0, size)}${end}`);
const noise = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'aAzZ09._-:/@[] \t\n*é%'), maxLength: 24 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

export const imageText: fc.Arbitrary<string> = fc.oneof(
  { weight: 14, arbitrary: built },
  { weight: 2, arbitrary: long },
  { weight: 1, arbitrary: identifier },
  { weight: 3, arbitrary: noise },
);
