// The one schema of the configuration file: types, validation, defaults, docs/configuration.md, config.schema.json and the
// chart's values all derive from it. Every setting carries its description here. The surprising rule: the two exec sources
// are described and checked, so that a file written for them is understood, and are then refused, because this version
// cannot run them: half a configuration must not pass for a whole one.
import { z } from 'zod';
import { ANNOTATION_PREFIX, DEFAULT_PULL_SECRET_NAME, LABEL_INJECT, LABEL_MANAGED_BY } from '../core/names.ts';
import { labelKeyProblem, labelValueProblem } from '../core/selector.ts';
import { KNOWN_WORKLOADS } from '../core/workload.ts';
import { labelMap, labelSelector } from './label-settings.ts';
import { parseMatch } from './match.ts';

/** @returns what is wrong with a name, or undefined */
type Check = (text: string) => string | undefined;

/** Longer than this a credential's name would not fit wherever Kubernetes allows 63 characters. */
const CREDENTIAL_NAME_MAX = 63;
const SECRET_NAME_MAX = 253;
const DNS_SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const HELPER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const KIND = /^[A-Z][A-Za-z0-9]*$/;
const POINTER = /^(?:\/(?:[^~/]|~[01])+)+$/;
const NOT_AVAILABLE = 'not available yet in this version';

function checked(problemOf: Check) {
  return z.string().check((ctx) => {
    const message = problemOf(ctx.value);
    if (message !== undefined) ctx.issues.push({ code: 'custom', message, input: ctx.value });
  });
}

function dnsName(max: number): Check {
  return (text) => {
    if (text.length > max) return `a name has at most ${max} characters, this one has ${text.length}`;
    if (DNS_SUBDOMAIN.test(text)) return undefined;
    return 'a name is lower-case letters, digits, "-" and ".", with a letter or digit at both ends';
  };
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

function pathProblem(text: string): string | undefined {
  if (text === '') return 'wanted the path of a docker config file';
  if (/[{\n]/.test(text)) return 'wanted the path of a docker config file, not its content';
  if (text.startsWith('~')) return '"~" is not expanded here, write the whole path';
  return undefined;
}

const credentialProvider = z.strictObject({
  command: z.string().min(1).meta({ description: 'The program, as a path or found in PATH.' }),
  args: z.array(z.string()).default([]).meta({ description: 'Its arguments.' }),
  apiVersion: z
    .enum(['credentialprovider.kubelet.k8s.io/v1'])
    .default('credentialprovider.kubelet.k8s.io/v1')
    .meta({ description: 'The version of the protocol that it speaks.' }),
});

const source = z
  .strictObject({
    dockerConfig: checked(pathProblem)
      .meta({
        description:
          "A docker config file in either format, as `docker login` or `kubectl create secret docker-registry` write it. The path is relative to the configuration file's folder.",
      })
      .exactOptional(),
    credentialProvider: credentialProvider
      .refine(() => false, { message: NOT_AVAILABLE, when: () => true })
      .meta({ description: `A kubelet credential provider plugin (${NOT_AVAILABLE}).` })
      .exactOptional(),
    credentialHelper: checked((text) =>
      HELPER_NAME.test(text) ? NOT_AVAILABLE : 'wanted the NAME of a program docker-credential-NAME',
    )
      .meta({ description: `The NAME of a program \`docker-credential-NAME\` (${NOT_AVAILABLE}).` })
      .exactOptional(),
  })
  .meta({
    description: 'Where the logins come from: exactly one of the kinds of sources.',
    minProperties: 1,
    maxProperties: 1,
  })
  .refine(isOneSource, {
    message: 'wanted exactly one of dockerConfig, credentialProvider and credentialHelper',
    when: () => true,
  })
  .transform(({ dockerConfig }, ctx) => {
    if (dockerConfig !== undefined) return { dockerConfig };
    ctx.issues.push({ code: 'custom', message: NOT_AVAILABLE, input: undefined });
    return z.NEVER;
  });

/** Whether a map holds exactly one key. What is not a map has been reported as such. */
function isOneSource(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 1;
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
  type: z
    .enum(['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg'])
    .default('kubernetes.io/dockerconfigjson')
    .meta({ description: 'The type of the pull Secret. The kubelet reads both.' }),
  annotations: labelMap(ownKeyProblem).default({}).meta({ description: 'Annotations that every pull Secret carries.' }),
  labels: labelMap((key, value) => ownKeyProblem(key) ?? labelValueProblem(value))
    .default({})
    .meta({ description: 'Labels that every pull Secret carries.' }),
  distribution: z
    .enum(['on-demand', 'everywhere'])
    .refine((value) => value === 'on-demand', { message: NOT_AVAILABLE })
    .default('on-demand')
    .meta({
      description: `Whether the pull Secret is made where a workload needs it, or in every namespace that takes part (everywhere: ${NOT_AVAILABLE}).`,
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
  requireNamespaces: z.boolean().default(false).meta({
    description: 'Whether a credential without a `namespaces` selector is refused.',
  }),
});

export type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T;
/** The configuration as the rest of the program sees it: parsed, complete, never changed. */
export type Config = ReadonlyDeep<z.output<typeof configSchema>>;
export type ConfiguredCredential = Config['credentials'][number];

/** JSON Schema of what a user may write. */
export function configJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
