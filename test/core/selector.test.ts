// Label selectors, in both spellings.
import t from 'tap';
import {
  type LabelSelector,
  labelKeyProblem,
  labelValueProblem,
  parseSelector,
  requirementProblem,
  selects,
} from '../../src/core/selector.ts';
import { selectorOf } from './given.ts';

const LABELS = { team: 'payments', stage: 'dev', empty: '' };

const TEXTS: readonly (readonly [text: string, expected: boolean])[] = [
  ['team=payments', true],
  ['team==payments', true],
  [' team = payments ', true],
  ['team=shop', false],
  ['team!=shop', true],
  ['absent!=x', true], // `!=` also matches where the label is absent
  ['absent notin (x)', true],
  ['team notin (payments,shop)', false],
  ['team in (shop, payments)', true],
  ['absent in (x)', false],
  ['team', true],
  ['absent', false],
  ['!absent', true],
  ['! absent', true],
  ['!team', false],
  ['empty', true],
  ['empty=', true],
  ['absent=', false],
  ['team=payments,stage!=prod', true],
  ['team=payments,stage!=dev', false],
  ['team in (payments,shop),stage in (dev),!absent', true],
  ['constructor', false],
];

t.test('the text form', async (t) => {
  for (const [text, expected] of TEXTS) t.equal(selects(selectorOf(text), LABELS), expected, text);
});

const REFUSED: readonly (readonly [text: string, problem: RegExp])[] = [
  ['', /not a label requirement/],
  ['a=b,', /not a label requirement/],
  ['a=b=c', /not a label requirement/],
  ['a b', /not a label requirement/],
  ['a in b', /not a label requirement/],
  ['-a=b', /"-a" is not a label key/],
  ['__proto__=x', /not a label key/],
  ['a=-b', /"-b" is not a label value/],
  ['UPPER.example/a/b=c', /not a label key/],
  ['Example.com/a=c', /must be a DNS name/],
  [`${'a'.repeat(64)}=b`, /at most 63/],
  [`a=${'b'.repeat(64)}`, /at most 63/],
  [`${'a'.repeat(254)}/b=c`, /must be a DNS name/],
];

t.test('what is not one says what is wrong', async (t) => {
  for (const [text, problem] of REFUSED) {
    const parsed = parseSelector(text);
    t.match(parsed.ok ? 'accepted' : parsed.problem, problem, text.slice(0, 60));
  }
});

const OBJECTS: readonly (readonly [selector: LabelSelector, expected: boolean])[] = [
  [{}, true], // empty: everything
  [{ matchLabels: {} }, true],
  [{ matchLabels: { team: 'payments' } }, true],
  [{ matchLabels: { team: 'payments', stage: 'prod' } }, false],
  [{ matchLabels: { constructor: 'x' } }, false],
  [{ matchExpressions: [{ key: 'stage', operator: 'In', values: ['dev', 'test'] }] }, true],
  [{ matchExpressions: [{ key: 'absent', operator: 'NotIn', values: ['x'] }] }, true],
  [{ matchExpressions: [{ key: 'toString', operator: 'Exists' }] }, false], // own labels only
  [{ matchExpressions: [{ key: 'toString', operator: 'DoesNotExist' }] }, true],
  [{ matchLabels: { team: 'payments' }, matchExpressions: [{ key: 'stage', operator: 'DoesNotExist' }] }, false],
];

t.test('the object form', async (t) => {
  for (const [selector, expected] of OBJECTS) t.equal(selects(selector, LABELS), expected, JSON.stringify(selector));
});

t.test('parts on their own', async (t) => {
  t.equal(labelKeyProblem('pullpass.dev/inject'), undefined);
  t.equal(labelValueProblem(''), undefined, 'the empty value is legal');
  t.match(labelValueProblem('a b'), /not a label value/);
  t.match(requirementProblem({ key: 'a', operator: 'In' }), /In needs at least one value/);
  t.match(requirementProblem({ key: 'a', operator: 'NotIn', values: [] }), /NotIn needs at least one value/);
  t.match(requirementProblem({ key: 'a', operator: 'Exists', values: ['x'] }), /Exists takes no values/);
  t.match(requirementProblem({ key: 'a', operator: 'In', values: ['x', '-'] }), /"-" is not a label value/);
  t.equal(requirementProblem({ key: 'a', operator: 'DoesNotExist' }), undefined);
});
