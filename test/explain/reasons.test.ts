// Every reason, from a real state of a real cluster: it is printed with the command that mends it, and where that can be run here, it
// is run, and nothing is wrong any more. Reasons that no cluster can be brought into are listed with why.
import t from 'tap';
import { ENSURE_REASONS, IMAGE_REASONS, OBJECT_REASONS, REFUSE_REASONS } from '../../src/core/reason.ts';
import { eventually, expectOk } from '../serve/installation.ts';
import { testExamples } from './documented.ts';
import { AROUND_STORIES, denySecrets, SECRET_STORIES } from './secret-stories.ts';
import { CANARY, openSite, type Ran } from './site.ts';
import { IMAGE_STORIES, OBJECT_STORIES } from './stories.ts';
import { placeFor, type Story } from './story.ts';

t.setTimeout(600_000);
/** Lines of a terminal. */
const SCREEN = 24;

/** Reasons of an admission that `explain` never comes upon. */
const UNREACHABLE = {
  'not-applicable': 'it asks about CREATE alone',
  rewritten: 'sync writes the key as soon as it is wanted, before anybody can ask',
  'dry-run': 'it is what the dry runs of `explain` itself end with, and they are answered with an object',
  conflict: 'somebody has to change the pull Secret after each of the writes, and it passes with the next',
  deadline: 'it is over when the answer of the admission is: the write goes on, and sync tries again',
  unavailable: 'the API server has to be away, and then there is nobody to ask',
  'login-missing': 'it is over when the answer of the admission is: sync carries the entry over',
} as const;

const GLOBS = Array.from({ length: 60 }, (_, i) => [
  `${'a'.repeat(i)}*.globs.example.com`,
  `*${'b'.repeat(i + 1)}.globs.example.com`,
]).flat();

const site = await openSite({
  teardown: (stop) => t.teardown(stop),
  config: `workloads:
  - Deployment
  - ReplicaSet
  - Job
  - { group: example.com, kind: Widget, podSpec: /spec/template/spec }
  - { group: example.com, kind: Crooked, podSpec: /spec/pod }
credentials:
  - { name: file, match: [file.example.com], source: { dockerConfig: nothing.json } }
`,
  credentials: {
    ghcr: { host: 'ghcr.io', annotations: { 'pullpass.dev/match': 'ghcr.io/acme/' } },
    hub: { host: 'hub.example.com', annotations: { 'pullpass.dev/except': 'hub.example.com/public/' } },
    harbor: { host: 'harbor.example.com', annotations: { 'pullpass.dev/namespaces': 'team=payments' } },
    named: {
      host: 'named.example.com',
      annotations: { 'pullpass.dev/namespaces': 'kubernetes.io/metadata.name=elsewhere' },
    },
    globs: {
      host: '*.globs.example.com',
      annotations: { 'pullpass.dev/match': GLOBS.join(), 'pullpass.dev/namespaces': 'overlap=yes' },
    },
  },
});
const { api } = site.plane;
for (const [kind, short] of [
  ['Widget', 'wd'],
  ['Crooked', 'ck'],
] as const) {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const names = { kind, plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase(), shortNames: [short] };
  await expectOk(
    api.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: `${names.plural}.example.com` },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names,
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    }),
  );
  await eventually(`${kind} is served`, async () =>
    (await api.call('GET', `/apis/example.com/v1/${names.plural}`)).status === 200 ? true : undefined,
  );
}
const denied = await site.plane.kubectl(
  ['apply', '-f', '-'],
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: denySecrets() }),
);
if (denied.code !== 0) throw new Error(denied.stderr);

await testExamples(t, site);

const told = new Set<string>();
const all = [...OBJECT_STORIES, ...IMAGE_STORIES, ...SECRET_STORIES, ...AROUND_STORIES];

/** The commands behind "Fix:", one a line. */
function fixOf({ stdout }: Ran): readonly string[] {
  const text = /\nFix:\n([\s\S]+)$/.exec(stdout)?.[1] ?? '';
  return text
    .split('\n')
    .map((line) => line.replace(/ && \\$/, '').trim())
    .filter((line) => line !== '');
}

function quietly(ran: Ran, story: Story): string {
  return `${story.tells}\n${ran.stdout}${ran.stderr}`;
}

for (const [i, story] of all.entries()) {
  t.test(`${story.reason}: ${story.tells}`, async (t) => {
    const own = `s${i}-${story.reason}`;
    const namespace = story.namespace ?? own;
    const args = await story.happens(await placeFor(site, own, story.labels));
    const ask = (): Promise<Ran> => site.explain([...args, '-n', namespace], story.input);
    const fine = story.isFine === true;
    const ran = await ask();
    t.equal(ran.code, fine ? 0 : 1, quietly(ran, story));
    t.match(ran.stdout, new RegExp(`\\b${story.reason}\\b`), 'the reason is printed');
    const [, last] = /\(([a-z-]+)\)\.\n/.exec(ran.stdout.replace(/\n(?! )(?=\S)/g, '\n')) ?? [];
    if (!fine) t.equal(last, story.reason, quietly(ran, story));
    const marked = ran.stdout.split('\n').findIndex((line) => line.startsWith('> '));
    if (!fine) t.ok(marked >= 0 && marked < SCREEN, `the cause is marked, on the first screen: ${quietly(ran, story)}`);
    t.same(
      fixOf(ran),
      (story.fix ?? []).map((step) => step.replaceAll('NS', namespace)),
      quietly(ran, story),
    );
    t.notMatch(ran.stdout + ran.stderr, CANARY, 'no login is printed');
    t.equal(ran.stderr, '', 'nothing is said beside the result');
    t.ok(
      ran.stdout.split('\n').every((line) => line.length <= 80 || line.startsWith('  ') || line.startsWith('kubectl')),
    );
    told.add(story.reason);
    if (story.mends !== true) return;
    const mended = await site.shell(/\nFix:\n([\s\S]+)$/.exec(ran.stdout)?.[1] ?? 'false');
    t.equal(mended.code, 0, mended.stderr);
    const isMended = async (): Promise<true | undefined> => ((await ask()).code === 0 ? true : undefined);
    const waited = eventually(`${story.reason} is mended`, isMended, 20);
    t.ok(await waited.catch(() => false), `mended by ${fixOf(ran).join(' && ')}`);
  });
}

t.test('so all reasons are told, but for those that no cluster can be brought into', async (t) => {
  const reasons = Object.keys({ ...OBJECT_REASONS, ...IMAGE_REASONS, ...ENSURE_REASONS, ...REFUSE_REASONS });
  const wanted = reasons.filter((reason) => !Object.hasOwn(UNREACHABLE, reason));
  t.same(
    wanted.filter((reason) => !told.has(reason)),
    [],
  );
  t.same(
    Object.keys(UNREACHABLE).filter((reason) => told.has(reason) || !reasons.includes(reason)),
    [],
  );
});
