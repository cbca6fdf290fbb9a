// The one schema of the configuration file: types, validation, defaults, docs/configuration.md, config.schema.json and the
// chart's values all derive from it. Every setting carries its description here.
import { z } from 'zod';
import { ANNOTATION_PREFIX, DEFAULT_PULL_SECRET_NAME, LABEL_INJECT, LABEL_MANAGED_BY } from '../core/names.ts';
import { labelKeyProblem, labelValueProblem } from '../core/selector.ts';
import { KNOWN_WORKLOADS } from '../core/workload.ts';
import { certificate } from './certificate-settings.ts';
import { checked, dnsName } from './checks.ts';
import { duration } from './duration.ts';
import { labelMap, labelSelector } from './label-settings.ts';
import { parseMatch } from './match.ts';
import { source } from './source-settings.ts';

/** Longer than this a credential's name would not fit wherever Kubernetes allows 63 characters. */
const CREDENTIAL_NAME_MAX = 63;
const SECRET_NAME_MAX = 253;
const YEAR_MS = 366 * 24 * 3_600_000;
const KIND = /^[A-Z][A-Za-z0-9]*$/;
const HOST = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?$/;
const POINTER = /^(?:\/(?:[^~/]|~[01])+)+$/;

function hostProblem(text: string): string | undefined {
  return HOST.test(text) ? undefined : 'wanted a host, with ":port" if it has one, such as auth.acme.io';
}

const pattern = z.string().transform((text, ctx) => {
  const parsed = parseMatch(text);
  if (parsed.ok) return parsed.value;
  ctx.issues.push({ code: 'custom', message: parsed.problem, input: text });
  return z.NEVER;
});

function ownKeyProblem(key: string): string | undefined {
  const ours = key.startsWith(ANNOTATION_PREFIX) || key === LABEL_MANAGED_BY;
  return ours ? 'Pullpass sets this one itself, leave it out' : labelKeyProblem(key);
}

const credential = z.strictObject({
  name: checked(dnsName(CREDENTIAL_NAME_MAX)).meta({
    description: 'The name of the credential, unique, a DNS subdomain name of at most 63 characters.',
  }),
  match: z.array(pattern).min(1).meta({
    description:
      'The images that it serves, as patterns `host[:port][/path]`. A `*` stands for any part of a host label or path segment; a `/` at the end leaves out the repository of exactly that path.',
  }),
  except: z.array(pattern).exactOptional().meta({
    description:
      'Patterns of images that it does not serve. Absent, a pattern `docker.io` without a path leaves out `docker.io/library`.',
  }),
  namespaces: labelSelector.exactOptional().meta({
    description: 'The namespaces that may use it, as a label selector. Absent: every namespace that takes part.',
  }),
  source,
});

const pullSecret = z.strictObject({
  name: checked(dnsName(SECRET_NAME_MAX))
    .default(DEFAULT_PULL_SECRET_NAME)
    .meta({ description: 'The name of the pull Secret, the same in every namespace.' }),
  formerNames: z
    .array(checked(dnsName(SECRET_NAME_MAX)))
    .default([])
    .meta({
      description:
        'Names that it had before. Pull Secrets of ours under these are deleted when `grace` is over and the new one is there; until then they are kept true. The rights must name them too.',
      uniqueItems: true,
    }),
  type: z
    .enum(['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg'])
    .default('kubernetes.io/dockerconfigjson')
    .meta({ description: 'The type of the pull Secret. The kubelet reads both.' }),
  annotations: labelMap(ownKeyProblem).default({}).meta({ description: 'Annotations that every pull Secret carries.' }),
  labels: labelMap((key, value) => ownKeyProblem(key) ?? labelValueProblem(value))
    .default({})
    .meta({ description: 'Labels that every pull Secret carries.' }),
  distribution: z.enum(['on-demand', 'everywhere']).default('on-demand').meta({
    description:
      'Whether the pull Secret is made where a workload needs it, or in every namespace that takes part and may use a credential.',
  }),
  grace: duration('24h', 0, YEAR_MS).meta({
    description:
      'How long a namespace that takes part no more, or may use no credential any more, keeps its pull Secret: running Pods still name it.',
  }),
});

const missedPods = z.strictObject({
  repair: z.enum(['off', 'restart']).default('off').meta({
    description:
      'Whether a missed Pod that a ReplicaSet, StatefulSet or DaemonSet will make anew is deleted once its image cannot be pulled, so that it comes back through admission.',
  }),
  restartsPerMinute: z.int().min(1).max(6000).default(30).meta({
    description: 'How many missed Pods are deleted in a minute at most.',
  }),
});

const credentialHealth = z.strictObject({
  enabled: z.boolean().default(false).meta({
    description: 'Whether each login is tried against its registry when it changes and at an interval.',
  }),
  interval: duration('6h', 60_000, YEAR_MS).meta({ description: 'How often a login that works is tried again.' }),
  realms: z.array(checked(hostProblem)).default([]).meta({
    description:
      'Hosts that a login may also be sent to when a registry names one as its token service; without them, only those on the registrable domain of the registry itself, and that of Docker Hub.',
  }),
});

const metrics = z.strictObject({
  namespaces: z.boolean().default(false).meta({
    description: 'Whether metrics of single pull Secrets carry the name of the namespace.',
  }),
});

const customWorkload = z.strictObject({
  group: checked((text) => (text === '' ? 'wanted the API group, such as argoproj.io' : dnsName(253)(text))).meta({
    description: 'The API group of a custom kind.',
  }),
  kind: checked((text) => (KIND.test(text) ? undefined : 'wanted a kind in upper camel case, such as Rollout')).meta({
    description: 'The kind.',
  }),
  podSpec: checked((text) =>
    POINTER.test(text) ? undefined : 'wanted a JSON pointer, such as /spec/template/spec',
  ).meta({ description: 'Where the pod spec stands in an object of the kind, as a JSON pointer.' }),
  update: z.boolean().default(false).meta({ description: 'Whether the template may be changed after creation.' }),
});

export const configSchema = z.strictObject({
  credentials: z.array(credential).prefault([]).meta({
    description: 'The credentials, beside those made from labelled Secrets. On equal patterns the first wins.',
  }),
  pullSecret: pullSecret.prefault({}).meta({ description: 'The one Secret of ours in a namespace.' }),
  namespaces: labelSelector.default({ matchLabels: { [LABEL_INJECT]: 'enabled' } }).meta({
    description: 'The namespaces that take part, as a label selector. Must agree with the webhook configuration.',
  }),
  workloads: z
    .array(z.union([z.enum(KNOWN_WORKLOADS.map(({ kind }) => kind)), customWorkload]))
    .default(['Deployment'])
    .meta({
      description: 'The kinds whose templates are patched when they are created, beside Pods, which always are.',
    }),
  missedPods: missedPods.prefault({}).meta({
    description: 'What is done about Pods that should list the pull Secret, do not, and still wait.',
  }),
  credentialHealth: credentialHealth.prefault({}).meta({ description: 'Trying the logins, off by default.' }),
  certificate: certificate.prefault({}).meta({ description: 'What the API server is shown.' }),
  metrics: metrics.prefault({}).meta({ description: 'What metrics tell.' }),
  requireNamespaces: z.boolean().default(false).meta({
    description: 'Whether a credential without a `namespaces` selector is refused.',
  }),
});

export type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T;
/** The configuration as the rest of the program sees it: parsed, complete, never changed. */
export type Config = ReadonlyDeep<z.output<typeof configSchema>>;
export type ConfiguredCredential = Config['credentials'][number];
export type ConfiguredSource = ConfiguredCredential['source'];

/** JSON Schema of what a user may write. */
export function configJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
