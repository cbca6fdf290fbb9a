// Golden stories: each folder of test/cases/ is read and goes through both doors, the pure functions and the HTTPS server,
// which must agree with each other and with out.yaml and report.txt. `UPDATE_CASES=1` writes these two anew; the diff is the
// review. The login of a credential is its own name, so that no story holds anything that looks like a password.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import jsonPatch from 'fast-json-patch';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/schema.ts';
import { decideImages, type ImageDecision, planInjection } from '../src/core/injection.ts';
import { namespaceRefusal } from '../src/core/participation.ts';
import { type PatchOperation, planPatch } from '../src/core/patch.ts';
import { compilePolicy, type Policy } from '../src/core/policy.ts';
import type { ObjectReason } from '../src/core/reason.ts';
import { readSubject } from '../src/core/subject.ts';
import type { ServiceAccountState } from '../src/core/surroundings.ts';
import { selectWorkloads } from '../src/core/workload.ts';
import { exceptOf } from '../src/credentials/docker-hub.ts';
import { createAdmission } from '../src/webhook/admission.ts';
import { openWalk } from '../src/webhook/json-walk.ts';
import { createReviewReader } from '../src/webhook/review.ts';
import { createServer } from '../src/webhook/server.ts';
import { certificateFor, type TestCertificate } from './certificates/certificate-for.ts';
import { renderingsOf } from './core/given.ts';

const FOLDER = join(import.meta.dirname, 'cases');
const NAMESPACE = 'stories';
const OWN = 'pullpass-system';

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

interface Story {
  readonly config: Config;
  readonly policy: Policy;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: ServiceAccountState;
  readonly manifest: Manifest;
  readonly request: Readonly<Record<string, unknown>> & {
    readonly kind: { readonly group: string; readonly kind: string };
  };
}

/** What a door makes of a story. */
interface Outcome {
  readonly reason: ObjectReason;
  readonly images: readonly ImageDecision[];
  readonly patch: readonly PatchOperation[];
}

function readStory(folder: string): Story {
  const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const loaded = loadConfig(text('config.yaml'), 'config.yaml');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const { config } = loaded;
  const credentials = config.credentials.map(({ name, match, except, namespaces }) => ({
    name,
    patterns: match.map((pattern) => ({ pattern, hasLogin: true })),
    except: exceptOf(match, except),
    ...(namespaces === undefined ? {} : { namespaces }),
  }));
  const namespace = parse(text('namespace.yaml'));
  const manifest: Manifest = parse(text('in.yaml'));
  const group = manifest.apiVersion.includes('/') ? (manifest.apiVersion.split('/')[0] ?? '') : '';
  return {
    config,
    policy: compilePolicy(credentials),
    labels: namespace.labels ?? {},
    serviceAccount: { pullSecrets: [], enforcesMountable: false, ...namespace.serviceAccount },
    manifest,
    request: {
      uid: 'story',
      kind: { group, kind: manifest.kind },
      operation: 'CREATE',
      namespace: NAMESPACE,
      object: manifest,
    },
  };
}

function throughPureDoor({ config, policy, labels, serviceAccount, request }: Story): Outcome {
  const subject = readSubject({ ...request, operation: 'CREATE' }, selectWorkloads(config.workloads));
  if (typeof subject === 'string') return { reason: subject, images: [], patch: [] };
  const refusal = namespaceRefusal(NAMESPACE, labels, { namespaces: config.namespaces, own: OWN });
  if (refusal !== undefined) return { reason: refusal, images: [], patch: [] };
  const images = decideImages(subject.images, labels, policy);
  const injection = planInjection(subject, images, { serviceAccount, pullSecret: undefined }, config.pullSecret.name);
  return { reason: injection.reason, images, patch: planPatch(subject, injection) };
}

async function throughHttpsDoor(story: Story, certificate: TestCertificate): Promise<Outcome> {
  const { config, labels, serviceAccount, policy, request } = story;
  let images: readonly ImageDecision[] = [];
  const admit = createAdmission(
    {
      participation: { namespaces: config.namespaces, own: OWN },
      pullSecretName: config.pullSecret.name,
    },
    {
      namespace: async () => ({ found: { labels } }),
      serviceAccount: async () => ({ found: serviceAccount }),
      pullSecret: () => undefined,
    },
    () => 'created',
    () => ({ policy, renderings: renderingsOf(policy) }),
    () => 0,
  );
  const { app } = await createServer({
    tls: { key: certificate.key, cert: certificate.cert, minVersion: 'TLSv1.3' },
    admit,
    readReview: createReviewReader(selectWorkloads(config.workloads), openWalk()),
    canTell: () => true,
    draining: () => false,
    observe(event) {
      if (event.kind === 'answered') images = event.verdict.images;
    },
    now: () => 0,
  });
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
  const headers = { 'content-type': 'application/json' };
  const answer = await app.inject({ method: 'POST', url: '/mutate', headers, payload: JSON.stringify(review) });
  await app.close();
  const { patch, auditAnnotations } = answer.json().response;
  const operations = patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString());
  return { reason: auditAnnotations.injection, images, patch: operations };
}

/** A line for each image, place, image, reason and credential, and one for the object. */
function reportOf({ images, reason }: Outcome): string {
  const lines = images.map(({ place, image, reason, credential }) =>
    [place, image, reason, credential ?? ''].join('  '),
  );
  return [...lines.map((line) => line.trimEnd()), reason, ''].join('\n');
}

function applied({ manifest }: Story, { patch }: Outcome): unknown {
  return jsonPatch.applyPatch(structuredClone(manifest), structuredClone([...patch]), true).newDocument;
}

const certificate = await certificateFor('localhost');
const stories = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'in.yaml')));

t.ok(stories.length >= 10, `${stories.length} stories`);
for (const name of stories) {
  t.test(name.replaceAll('-', ' '), async (t) => {
    const folder = join(FOLDER, name);
    const story = readStory(folder);
    const pure = throughPureDoor(story);
    const https = await throughHttpsDoor(story, certificate);
    if (process.env.UPDATE_CASES === '1') {
      writeFileSync(join(folder, 'out.yaml'), stringify(applied(story, pure)));
      writeFileSync(join(folder, 'report.txt'), reportOf(pure));
    }
    const out = parse(readFileSync(join(folder, 'out.yaml'), 'utf8'));
    const report = readFileSync(join(folder, 'report.txt'), 'utf8');
    for (const [door, outcome] of Object.entries({ pure, https })) {
      t.strictSame(applied(story, outcome), out, `${door}: out.yaml`);
      t.equal(reportOf(outcome), report, `${door}: report.txt`);
    }
  });
}
