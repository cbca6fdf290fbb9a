// The tables of rights: what `serve` needs is examples/rbac.yaml, which the chart renders and with which tests run it, so neither can forget
// what the other has; and what an installation needs is all that the chart makes.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { actsOf, canI, describeActs, installActs, SERVE_RIGHTS } from '../../src/check/rights.ts';
import { read } from '../docs/documents.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const NAMES = { namespace: 'pullpass-system', webhookConfiguration: 'pullpass', pullSecrets: ['pullpass-dockercfg'] };

t.test('what serve needs is what examples/rbac.yaml grants, act by act', async (t) => {
  const granted = parseAllDocuments(read('examples/rbac.yaml'))
    .map((document) => document.toJS())
    .filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
    .flatMap(({ metadata, rules }) => (rules as readonly Rule[]).flatMap((rule) => expand(rule, metadata.namespace)));
  const asked = actsOf(SERVE_RIGHTS, NAMES).map(({ right: _, ...act }) => act);
  t.ok(granted.length > 25);
  t.same(new Set(asked.map(canI)), new Set(granted.map(canI)));
  t.equal(asked.length, granted.length);
});

function expand({ apiGroups, resources, resourceNames, verbs }: Rule, namespace: string | undefined) {
  const within = namespace === undefined ? {} : { namespace };
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      (resourceNames ?? [undefined]).flatMap((name) =>
        verbs.map((verb) => ({ verb, group, resource, ...within, ...(name !== undefined && { name }) })),
      ),
    ),
  );
}

t.test('each rule says what goes wrong without it', async (t) => {
  for (const { without } of SERVE_RIGHTS) t.match(without, /^\S.*[^.]$/);
});

t.test('former names of the pull Secret need the same', async (t) => {
  const acts = actsOf(SERVE_RIGHTS, { ...NAMES, pullSecrets: ['new', 'old'] });
  const of = (secret: string) => acts.filter(({ name }) => name === secret).map(({ verb }) => verb);
  t.same(of('old'), of('new'));
  t.ok(of('old').length > 5);
});

t.test('an installation asks for each kind that the chart makes by default', async (t) => {
  const folder = join(import.meta.dirname, '..', '..', 'charts', 'pullpass', 'templates');
  const optional = /^(certificate|dashboard|networkpolicy|podmonitor|servicemonitor|prometheusrule|uninstall-)/;
  const kinds = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && !optional.test(file))
    .flatMap((file) =>
      [...read(`charts/pullpass/templates/${file}`).matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind),
    );
  const asked = installActs('x').map(({ resource }) => resource);
  t.ok(kinds.length > 10);
  for (const kind of kinds) {
    const plural = `${kind?.toLowerCase().replace(/y$/, 'ie')}s`;
    t.ok(asked.includes(plural), plural);
  }
});

t.test('a right as kubectl takes it, and in words', async (t) => {
  const own = { verb: 'get', group: 'coordination.k8s.io', resource: 'leases', namespace: 'x', name: 'pullpass' };
  t.equal(canI(own), 'get leases.coordination.k8s.io/pullpass -n x');
  t.equal(canI({ verb: 'list', group: '', resource: 'pods' }), 'list pods -A');
  t.equal(canI({ verb: 'list', group: '', resource: 'namespaces' }), 'list namespaces');
  t.equal(describeActs([own, { ...own, verb: 'update' }]), 'get, update leases pullpass in x');
});
