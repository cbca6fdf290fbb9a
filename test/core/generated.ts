// Generated image strings and sets of credentials, for the tests that hold for every image and every set. The alphabets are
// small on purpose, so that patterns overlap, share prefixes and shadow each other in most of the sets; the images are
// derived from the patterns of their set, so that most of them hit something.
import fc from 'fast-check';
import type { Credential } from '../../src/core/credential.ts';
import { globMatches, type Pattern } from '../../src/core/pattern.ts';
import { patternOf } from './given.ts';

/** As a failing case is printed: texts only. */
export interface CredentialSpec {
  readonly match: readonly { readonly text: string; readonly login: boolean }[];
  readonly except: readonly string[];
}

export interface Case {
  readonly credentials: readonly CredentialSpec[];
  readonly images: readonly string[];
}

export function credentialsOf(specs: readonly CredentialSpec[]): readonly Credential[] {
  return specs.map(({ match, except }, i) => ({
    name: `c${i}`,
    patterns: match.map(({ text, login }) => ({ pattern: patternOf(text), hasLogin: login })),
    except: except.map(patternOf),
  }));
}

const LABELS = [
  'a',
  'b',
  'ab',
  '1b',
  'a-b',
  'A',
  'aab',
  '*',
  'a*',
  '*b',
  '*ab',
  'a*b',
  'b*',
  'ab*',
  '*a',
  '*-b',
  '*1b',
  'aa*',
  'a*a',
];
const HOST_LABELS = [
  'a',
  'b',
  'ab',
  'ba',
  'aa',
  'aab',
  'abb',
  'aba',
  'abab',
  'a1b',
  '1b',
  'a-b',
  'xab',
  'A',
  'AB',
  'bab',
  'a--1b',
  '0',
];
const PATH_GLOBS = ['*', 'a*', '*b', 'a*b', 'acme-*', 'v*'];
const PATH_LITERALS = ['a', 'ab', 'b', 'acme', 'acme-x', 'a.b', 'library', 'v1', 'v2', 'v1x'];
const REPOSITORY_PARTS = [...PATH_LITERALS, 'aab', 'acmex', 'acme-x-y', 'a-b', 'a_b', 'b2', 'ax', '0', 'v3', 'z'];

const ODD_AUTHORITIES = [
  'docker.io',
  'index.docker.io',
  'r.io',
  'localhost',
  'localhost:5000',
  'A:1',
  '[::1]:5000',
  '[fe80::A]:5000',
  '[::1]:443',
];

/** Hosts of one set mostly have the same number of labels, end and port: others can never overlap. */
interface Shape {
  readonly labels: number;
  readonly end: string;
  readonly port: string;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  labels: fc.constantFrom(1, 1, 2, 2, 3),
  end: fc.constantFrom('r.io', 'a.b'),
  port: fc.constantFrom('', '', ':5000', ':05000'),
});

function authorityOf({ labels, end, port }: Shape): fc.Arbitrary<string> {
  const glob = fc.constantFrom(...LABELS);
  const shaped = fc.array(glob, { minLength: labels, maxLength: labels }).map((host) => [...host, end].join('.'));
  const free = fc.array(glob, { maxLength: 3 }).map((host) => [...host, 'r.io'].join('.'));
  return fc.oneof(
    { weight: 10, arbitrary: shaped.map((host) => `${host}${port}`) },
    { weight: 1, arbitrary: fc.tuple(free, fc.constantFrom('', ':5000', ':443')).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_AUTHORITIES) },
  );
}

/** @param exact only what a key can say exactly: no glob in a path, and a `/` at its end */
function pathText(exact: boolean): fc.Arbitrary<string> {
  const literal = { weight: 4, arbitrary: fc.constantFrom(...PATH_LITERALS) };
  const segment = exact
    ? literal.arbitrary
    : fc.oneof(literal, { weight: 1, arbitrary: fc.constantFrom(...PATH_GLOBS) });
  const ends = exact ? fc.constant('/') : fc.constantFrom('', '', '/');
  return fc
    .tuple(fc.array(segment, { maxLength: 3 }), ends)
    .map(([segments, end]) => (segments.length === 0 ? '' : `/${segments.join('/')}${end}`));
}

function credentialSpecs(exact: boolean, shape: Shape): fc.Arbitrary<readonly CredentialSpec[]> {
  const path = pathText(exact);
  const text = fc.tuple(authorityOf(shape), path).map((parts) => parts.join(''));
  const login = fc.constantFrom(true, true, true, true, false);
  const match = fc.array(fc.record({ text, login }), { minLength: 1, maxLength: 3 });
  // An `except` matters only on a host of its own credential.
  const except = fc.oneof(text, fc.tuple(fc.nat(2), path));
  const spec = fc
    .record({ match, except: fc.array(except, { maxLength: exact ? 0 : 2 }) })
    .map(({ match, except }) => ({
      match,
      except: except.map((e) =>
        typeof e === 'string' ? e : `${(match[e[0] % match.length]?.text ?? '').split('/')[0]}${e[1]}`,
      ),
    }));
  return fc.array(spec, { minLength: 1, maxLength: 6 });
}

/** How an image is derived from one of the patterns: indexes, taken modulo what there is to choose from. */
interface Derivation {
  readonly pattern: number;
  readonly choices: readonly number[];
  readonly change: 'none' | 'longer' | 'sibling' | 'shorter' | 'other-host';
  readonly tail: readonly string[];
  readonly tag: string;
}

const derivation: fc.Arbitrary<Derivation> = fc.record({
  pattern: fc.nat(99),
  choices: fc.array(fc.nat(99), { minLength: 8, maxLength: 8 }),
  change: fc.constantFrom('none', 'none', 'longer', 'sibling', 'shorter', 'other-host'),
  tail: fc.array(fc.constantFrom(...REPOSITORY_PARTS), { maxLength: 3 }),
  tag: fc.constantFrom('', '', ':1', ':v1'),
});

/**
 * @param exact see `pathText`
 * @param images at most; fewer make a failing case shrink
 */
export function cases(exact: boolean, images: number): fc.Arbitrary<Case> {
  const derivations = fc.array(derivation, { minLength: 1, maxLength: images, size: 'max' });
  return fc
    .tuple(
      shape.chain((of) => credentialSpecs(exact, of)),
      derivations,
    )
    .map(([credentials, derivations]) => ({ credentials, images: imagesFor(credentials, derivations) }));
}

function imagesFor(credentials: readonly CredentialSpec[], derivations: readonly Derivation[]): readonly string[] {
  const texts = credentials.flatMap(({ match, except }) => [...match.map(({ text }) => text), ...except]);
  return derivations.map((how) => imageLike(patternOf(texts[how.pattern % texts.length] ?? ''), how));
}

function imageLike({ host, port, path }: Pattern, { choices, change, tail, tag }: Derivation): string {
  const labels = host.map((glob, i) => fill(change === 'other-host' && i === 0 ? '*' : glob, HOST_LABELS, choices[i]));
  const parts = path.map((glob, i) => fill(glob, REPOSITORY_PARTS, choices[i + 4]));
  if (change === 'shorter') parts.pop();
  if (change === 'sibling' && parts.length > 0) parts.push(`${parts.pop()}x`);
  const repository = [...parts, ...(change === 'none' ? tail.slice(0, 1) : tail)];
  const registry = `${labels.join('.')}${port === undefined ? '' : `:${port}`}`;
  return `${registry}/${repository.length === 0 ? 'b' : repository.join('/')}${tag}`;
}

function fill(glob: string, from: readonly string[], choice = 0): string {
  if (!glob.includes('*')) return glob;
  const matching = from.filter((text) => globMatches(glob, text));
  return matching[choice % matching.length] ?? glob.replaceAll('*', 'x');
}
