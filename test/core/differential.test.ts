// Pullpass against the code that a node runs: image names against distribution/reference, and the keys of a pull Secret
// against the kubelet's keyring. What the kubelet tries first must be what the decision chose; where its key language
// cannot say that, a documented class must explain it, and nothing else may.
//
// The seed is fixed, so that a change cannot fail by chance; `PULLPASS_SEED=7` tries others.
import fc from 'fast-check';
import t from 'tap';
import type { Credential } from '../../src/core/credential.ts';
import { type ImageReference, parseImage } from '../../src/core/image.ts';
import { type PlannedKey, planKeys } from '../../src/core/key-plan.ts';
import { differenceClass, sameCandidate } from '../../src/core/kubelet-difference.ts';
import { coversHost } from '../../src/core/pattern.ts';
import { type Candidate, compilePolicy } from '../../src/core/policy.ts';
import { type PullSecretType, renderPullSecret } from '../../src/core/pull-secret.ts';
import { startOracle } from '../control-plane/oracle.ts';
import { FULL } from '../full.ts';
import { type Case, cases, credentialsOf } from './generated.ts';
import { imageText } from './generated-images.ts';

t.setTimeout(300_000);

/** A third of the generated cases is what every change pays for; FULL=1 takes all. */
const SHARE = FULL ? 1 : 1 / 3;

const seed = Number(process.env.PULLPASS_SEED ?? 20_260_101);
t.comment(`PULLPASS_SEED=${seed}`);

const oracle = await startOracle();
t.teardown(() => oracle.stop());

/** Runs the property on generated cases; a failing one is shrunk and becomes the message. */
async function holds<T>(
  arbitrary: fc.Arbitrary<T>,
  numRuns: number,
  check: (value: T) => Promise<void>,
): Promise<void> {
  const run = await fc.check(fc.asyncProperty(fc.noBias(arbitrary), check), {
    seed,
    numRuns: Math.ceil(numRuns * SHARE),
  });
  if (!run.failed) return;
  const why = run.errorInstance instanceof Error ? run.errorInstance.message : String(run.errorInstance);
  throw new Error(`${why}\nPULLPASS_SEED=${seed}, shrunk: ${fc.stringify(run.counterexample?.[0])}`);
}

function mustBe(condition: boolean, message: () => string): void {
  if (!condition) throw new Error(message());
}

t.test('an image is valid, and has the name, that distribution/reference says', async (t) => {
  let [total, valid] = [0, 0];
  await holds(fc.array(imageText, { minLength: 1, maxLength: 500, size: 'max' }), 450, async (images) => {
    const answers = await oracle.parse(images);
    for (const [i, image] of images.entries()) {
      const ours = parseImage(image);
      const name = ours && `${ours.host}/${ours.repository}`;
      const theirs = answers[i];
      // The kubelet cuts a name at its first `/`; a name without one has no host and is asked for nowhere.
      mustBe(name === theirs?.name, () => `${JSON.stringify(image)}: ${name}, but ${JSON.stringify(theirs)}`);
      total += 1;
      if (name !== undefined) valid += 1;
    }
  });
  t.comment(`${total} images, ${valid} of them valid`);
  t.ok(total >= 100_000 * SHARE, 'enough images');
  t.ok(valid > total / 5 && valid < (total * 4) / 5, 'both kinds are well represented');
});

/** One credential set, its keys, and what the kubelet tries for each image. */
interface Looked {
  readonly image: ImageReference;
  readonly text: string;
  readonly chosen: Candidate | undefined;
  readonly tried: readonly PlannedKey[];
}

async function lookUp({ credentials: specs, images }: Case): Promise<readonly Looked[]> {
  const credentials = credentialsOf(specs);
  const keys = planKeys(credentials);
  if (keys === undefined) throw new Error('too many overlaps');
  const auths = keys.map(({ key }, i) => [key, { auth: Buffer.from(`${i}:key`).toString('base64') }] as const);
  mustBe(new Set(keys.map(({ key }) => key)).size === keys.length, () => 'a key is planned twice');
  const content = JSON.stringify({ auths: Object.fromEntries(auths) });
  const answers = await oracle.lookup('kubernetes.io/dockerconfigjson', content, images);
  const policy = compilePolicy(credentials);
  return images.map((text, i) => {
    const image = parseImage(text);
    if (image === undefined) throw new Error(`${text} is not an image`);
    const choice = policy.choose(image, {});
    const chosen = choice.reason === 'served' ? choice.candidate : undefined;
    const tried = (answers[i]?.logins ?? []).flatMap((login) => keys[Number.parseInt(login, 10)] ?? []);
    mustBe(tried.length === answers[i]?.logins?.length, () => `${text}: ${answers[i]?.error ?? 'an unknown login'}`);
    return { image, text, chosen, tried };
  });
}

function describe({ text, chosen, tried }: Looked): string {
  const wanted = chosen && `${chosen.credential.name} ${chosen.pattern.text}`;
  const got = tried.map(({ key, candidate }) => `${key} (${candidate.credential.name} ${candidate.pattern.text})`);
  return `${text}: chosen ${wanted}, tried ${got.join(', ') || 'nothing'}`;
}

/** What holds for every set and image, without any class. */
function mustHoldAlways(looked: Looked): void {
  mustBe(looked.chosen === undefined || looked.tried.length > 0, () => `no login: ${describe(looked)}`);
  for (const { candidate } of looked.tried) {
    mustBe(coversHost(candidate.pattern, looked.image.host), () => `a stranger's host: ${describe(looked)}`);
  }
}

t.test('the kubelet tries first what the decision chose, but for the documented classes', async (t) => {
  const counts = new Map<string, number>();
  await holds(cases(false, 60), 4000, async (generated) => {
    for (const looked of await lookUp(generated)) {
      mustHoldAlways(looked);
      const { image, chosen, tried } = looked;
      const explained = differenceClass(image, chosen, tried[0]);
      const agrees = sameCandidate(chosen, tried[0]?.candidate);
      mustBe(agrees || explained !== undefined, () => `no class explains it: ${describe(looked)}`);
      const kind = explained ?? (chosen === undefined ? 'agrees: no login' : 'agrees: the chosen login');
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  });
  for (const [kind, count] of counts) t.comment(`${count} ${kind}`);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  t.ok(total >= 100_000 * SHARE, `${total} pairs`);
  t.ok((counts.get('agrees: the chosen login') ?? 0) > total / 3, 'most images hit');
});

t.test('without path globs, excepts and open paths there is no difference at all', async (t) => {
  const [counts, hits] = [{ pairs: 0 }, { chosen: 0 }];
  await holds(cases(true, 60), 1000, async (generated) => {
    for (const looked of await lookUp(generated)) {
      mustHoldAlways(looked);
      mustBe(sameCandidate(looked.chosen, looked.tried[0]?.candidate), () => describe(looked));
      counts.pairs += 1;
      if (looked.chosen !== undefined) hits.chosen += 1;
    }
  });
  t.comment(`${counts.pairs} pairs, ${hits.chosen} with a login`);
  t.ok(hits.chosen > counts.pairs / 3, 'most images hit');
});

for (const type of ['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg'] satisfies PullSecretType[]) {
  t.test(`a rendered ${type} holds the login of each key's pattern`, async (t) => {
    let total = 0;
    await holds(cases(false, 60), 300, async (generated) => {
      const credentials = credentialsOf(generated.credentials);
      const rendered = renderPullSecret(credentials, (name, { text }) => loginOf(name, text), type);
      mustBe(rendered !== undefined && rendered.unreadable.length === 0, () => 'not rendered');
      const answers = await oracle.lookup(type, rendered?.value ?? '', generated.images);
      for (const [i, looked] of (await lookUp(generated)).entries()) {
        const logins = looked.tried.map(({ candidate }) => loginOfCandidate(candidate));
        mustBe(logins.join() === answers[i]?.logins?.join(), () => `${describe(looked)}: ${answers[i]?.logins}`);
        total += logins.length;
      }
    });
    t.ok(total > 3000 * SHARE, `${total} logins`);
  });
}

function loginOf(name: Credential['name'], pattern: string): { readonly username: string; readonly password: string } {
  return { username: name, password: `not-a-password:${pattern}` };
}

function loginOfCandidate({ credential, pattern }: Candidate): string {
  const { username, password } = loginOf(credential.name, pattern.text);
  return `${username}:${password}`;
}
