// What a selector lacks, and the labels that would mend it.
import t from 'tap';
import { selects } from '../../src/core/selector.ts';
import { labellingFor, requirementText, selectorText, unmetRequirements } from '../../src/core/selector-gap.ts';
import { selectorOf } from './given.ts';

t.test('unmet requirements, as kubectl writes them, and what kubectl label is told', async (t) => {
  const rows: readonly [
    selector: string,
    labels: Record<string, string>,
    unmet: readonly string[],
    labelling: readonly string[] | undefined,
  ][] = [
    ['team=a', {}, ['team=a'], ['team=a']],
    ['team=a', { team: 'a' }, [], []],
    ['team=a', { team: 'b' }, ['team=a'], ['--overwrite', 'team=a']],
    ['team in (a,b)', {}, ['team in (a,b)'], ['team=a']],
    ['team', {}, ['team'], ['team=true']],
    ['!team', { team: 'a' }, ['!team'], ['team-']],
    ['stage!=dev', { stage: 'dev' }, ['stage!=dev'], ['stage-']],
    ['stage notin (dev,test)', { stage: 'dev' }, ['stage notin (dev,test)'], ['stage-']],
    ['team=a,stage!=dev', { stage: 'dev' }, ['team=a', 'stage!=dev'], ['team=a', 'stage-']],
    ['kubernetes.io/metadata.name=shop', {}, ['kubernetes.io/metadata.name=shop'], undefined],
    ['team=a,team!=a', {}, ['team=a'], undefined],
  ];
  for (const [text, labels, unmet, labelling] of rows) {
    const selector = selectorOf(text);
    t.same(unmetRequirements(selector, labels).map(requirementText), unmet, text);
    t.same(labellingFor(selector, labels), labelling, text);
  }
});

t.test('matchLabels count as requirements', async (t) => {
  const selector = { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'c', operator: 'Exists' as const }] };
  t.equal(selectorText(selector), 'a=b, c');
  t.equal(selectorText({}), 'everything');
  t.same(unmetRequirements(selector, { a: 'b' }).map(requirementText), ['c']);
  t.ok(selects(selector, { a: 'b', c: 'true' }));
});
