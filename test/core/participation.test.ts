// Which namespaces take part.
import t from 'tap';
import { namespaceRefusal } from '../../src/core/participation.ts';
import { selectorOf } from './given.ts';

const enabled = { namespaces: selectorOf('pullpass.dev/inject=enabled'), own: 'pullpass-system' };
const LABEL = { 'pullpass.dev/inject': 'enabled' };

t.test('by label, but never a system namespace', async (t) => {
  t.equal(namespaceRefusal('shop', LABEL, enabled), undefined);
  t.equal(namespaceRefusal('shop', {}, enabled), 'namespace-not-enabled');
  t.equal(namespaceRefusal('shop', { 'pullpass.dev/inject': 'disabled' }, enabled), 'namespace-not-enabled');
  t.equal(
    namespaceRefusal('shop', undefined, { ...enabled, namespaces: {} }),
    'namespace-not-enabled',
    'one nobody knows',
  );
  for (const name of ['kube-system', 'kube-public', 'kube-node-lease', 'pullpass-system']) {
    t.equal(namespaceRefusal(name, LABEL, enabled), 'namespace-excluded', name);
  }
  t.equal(namespaceRefusal('kube-system-2', LABEL, enabled), undefined, 'whole names only');
  t.equal(namespaceRefusal('any', {}, { ...enabled, namespaces: {} }), undefined, 'an empty selector means all');
});
