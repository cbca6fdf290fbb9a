// The rights of the chart, one by one: with all of them everything is done, and without any single one something is not, so that
// there is none too many and none too few. One that lacks a right has failed when it has had more time than the one with all
// rights needed; that it failed for want of that right is seen from what the API server refused to it, which is that and nothing else.
// And what the ServiceAccount may do to Secrets, as the API server itself lists it.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { openAccount } from '../chart/policies.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { expectOk, limitedKubeconfig, makeNamespace, OWN_NAMESPACE, PULL_SECRET } from '../serve/installation.ts';
import type { Until } from './rights-acts.ts';
import { PROBES, type ProbeName } from './rights-probes.ts';
import { type Installation, type Right, raise, renderPlace, rightsOf } from './rights-site.ts';
import { PROBE_FOR } from './rights-table.ts';

t.setTimeout(400_000);
/** Installations that run side by side, beside the one with all rights: more would only wait for each other. */
const AT_ONCE = 8;
const PATIENCE_MS = 60_000;
const GRACE_MS = 2_000;

const plane = await startControlPlane();
const running = new Set<Installation>();
// What they serve has ended with the control plane, so that there is nothing to drain.
t.teardown(async () => {
  await plane.stop();
  await Promise.all([...running].map((site) => site.stop()));
});
const rendered = await renderPlace();
const rights = rightsOf(rendered);
const about = ({ scope, resource, name }: Right): string => [`${scope}: ${resource}`, name].filter(Boolean).join(' ');
const probeFor = (right: Right): ProbeName | undefined => PROBE_FOR[about(right)]?.[right.verb];

/** Makes it, with all that the probes need, and starts it. */
async function open(name: string, having: readonly Right[], probes: readonly ProbeName[]): Promise<Installation> {
  const site = await raise(plane, rendered, name, having);
  await Promise.all(probes.map((probe) => PROBES[probe].prepare?.(site)));
  running.add(site);
  await site.start();
  return site;
}

type IsOver = () => Promise<boolean>;

function untilOver(isOver: IsOver): Until {
  return async (what, look) => {
    // More and more rarely: many that look in vain would keep the others from their work.
    for (let pauseMs = 50; !(await look()); pauseMs = Math.min(1_000, pauseMs * 1.5)) {
      if (await isOver()) throw new Error(`${what}: not in time`);
      await sleep(pauseMs);
    }
  };
}

/** @returns what was not as the probe wants it */
async function failureOf(name: ProbeName, site: Installation, isOver: IsOver): Promise<string | undefined> {
  try {
    await PROBES[name].run(site, untilOver(isOver));
    return undefined;
  } catch (error) {
    return String(error);
  }
}

const names = Object.keys(PROBES) as ProbeName[];
/** Milliseconds that it took the one with all rights, since its start. */
const neededMs = new Map<ProbeName, number>();

async function probeWhole(): Promise<{ failures: ReadonlyMap<ProbeName, string>; refused: readonly string[] }> {
  const failures = new Map<ProbeName, string>();
  const site = await open('pullpass-whole', rights, names);
  const began = performance.now();
  const run = async (name: ProbeName): Promise<void> => {
    const until = performance.now() + PATIENCE_MS;
    const failure = await failureOf(name, site, async () => performance.now() > until);
    if (failure !== undefined) failures.set(name, failure);
    neededMs.set(name, performance.now() - began);
  };
  await Promise.all(names.filter((name) => !PROBES[name].disturbs).map(run));
  for (const name of names.filter((name) => PROBES[name].disturbs)) await run(name);
  return { failures, refused: await site.refused() };
}

interface Mutant {
  readonly lacked: Right;
  readonly name: ProbeName;
  readonly failure: string | undefined;
  readonly refused: readonly string[];
}

async function probeWithout(lacked: Right, index: number): Promise<Mutant> {
  const name = probeFor(lacked) ?? 'it becomes ready';
  const having = rights.filter((right) => right !== lacked);
  const site = await open(`pullpass-${index}`, having, [name]);
  const began = performance.now();
  // On a busy machine it may not have come to what it lacks by then.
  const isOver = async (): Promise<boolean> => {
    const ms = performance.now() - began;
    if (ms < (neededMs.get(name) ?? PATIENCE_MS) + GRACE_MS) return false;
    return ms > PATIENCE_MS || (await site.refused()).length > 0;
  };
  const failure = await failureOf(name, site, isOver);
  const refused = await site.refused();
  running.delete(site);
  await site.stop();
  return { lacked, name, failure, refused };
}

async function probeMutants(): Promise<readonly Mutant[]> {
  const mutants: Mutant[] = [];
  const queue = [...rights.entries()];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      mutants.push(await probeWithout(next[1], next[0]));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return mutants;
}

const began = performance.now();
const [whole, mutants] = await Promise.all([probeWhole(), probeMutants()]);
t.comment(`${rights.length} rights in ${((performance.now() - began) / 1_000).toFixed(0)} s`);

t.test('each right has a probe that needs it, and no probe is for a right that there is not', async (t) => {
  const given = rights.map((right) => `${about(right)} ${right.verb}`);
  const named = Object.entries(PROBE_FOR).flatMap(([what, verbs]) =>
    Object.keys(verbs).map((verb) => `${what} ${verb}`),
  );
  t.same([...given].sort(), named.sort());
});

t.test('with all rights', async (t) => {
  for (const name of names) t.equal(whole.failures.get(name), undefined, name);
  t.same(whole.refused, [], 'nothing was refused');
});

for (const { lacked, name, failure, refused } of mutants) {
  t.test(`without ${lacked.verb} on ${about(lacked)}, it is not true that ${name}`, async (t) => {
    t.ok(failure, failure ?? 'it is true all the same');
    t.same(refused, [refusalOf(lacked)], 'that, and nothing else, was refused to it');
  });
}

/** Server-side apply that creates is a patch, and needs the right to create beside it. */
function refusalOf({ verb, resource }: Right): string {
  return `${resource === 'secrets' && verb === 'create' ? 'patch' : verb} ${resource}`;
}

interface SecretRule {
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** One by one, as `verb name`; without a name it is for all. */
function oneByOne(rules: readonly SecretRule[]): readonly string[] {
  const all = rules.flatMap(({ verbs, resourceNames = [] }) =>
    (resourceNames.length > 0 ? resourceNames : ['any']).flatMap((name) => verbs.map((verb) => `${verb} ${name}`)),
  );
  return all.sort();
}

const PULL_SECRET_RULE = {
  verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  resourceNames: [PULL_SECRET],
};
const OWN_RULES: readonly SecretRule[] = [
  { verbs: ['list', 'watch'] },
  { verbs: ['create', 'patch'], resourceNames: ['pullpass-logins'] },
  { verbs: ['get', 'create', 'patch'], resourceNames: ['pullpass-ca'] },
];
const isSecrets = (resource: string): boolean => /^(\*|secrets(\/.*)?)$/.test(resource);

t.test('to Secrets it may do nothing, but to those of the one name, and in its own namespace', async (t) => {
  for (const [name, labels] of [
    [OWN_NAMESPACE, {}],
    ['shop', { 'pullpass.dev/inject': 'enabled' }],
    ['elsewhere', {}],
  ] as const) {
    await makeNamespace(plane.api, name, labels);
  }
  const kubeconfig = await limitedKubeconfig(plane);
  const account = await openAccount(plane, OWN_NAMESPACE, 'pullpass');
  t.teardown(() => account.close());
  for (const namespace of [OWN_NAMESPACE, 'shop', 'elsewhere', 'kube-system']) {
    const expected = oneByOne([PULL_SECRET_RULE, ...(namespace === OWN_NAMESPACE ? OWN_RULES : [])]);
    const review = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
    const { body } = await expectOk(account.call('POST', review, { spec: { namespace } }));
    t.equal(body.status.incomplete, false);
    const rules = body.status.resourceRules.filter(({ resources }: { resources: string[] }) =>
      resources.some(isSecrets),
    );
    t.same(oneByOne(rules), expected, `in ${namespace}`);
    const said = await plane.kubectl(['--kubeconfig', kubeconfig, 'auth', 'can-i', '--list', '-n', namespace]);
    t.same(oneByOne(secretLines(said.stdout)), expected, `in ${namespace}, as kubectl says`);
  }
});

/** Of the table with resources, URLs, names and verbs. */
function secretLines(table: string): readonly SecretRule[] {
  const rows = table.matchAll(/^(\S+) +\[.*?\] +\[(.*?)\] +\[(.*?)\]$/gm);
  return [...rows].flatMap(([, resource = '', names = '', verbs = '']) =>
    isSecrets(resource) ? [{ resourceNames: names.split(' ').filter(Boolean), verbs: verbs.split(' ') }] : [],
  );
}
