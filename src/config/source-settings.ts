// Where the logins of a configured credential come from: exactly one of the kinds of sources, as one value with a `kind`.
// Programs are an argument list, never a line for a shell.
import { z } from 'zod';
import { type Check, checked, filePath } from './checks.ts';
import { duration } from './duration.ts';

const HELPER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MINUTE_MS = 60_000;

/** A whole command line may hold a login, so only what is a plain name is shown. */
function programName(problemOf: Check) {
  return z.string().check((ctx) => {
    const message = problemOf(ctx.value);
    if (message === undefined) return;
    const hidden = !HELPER_NAME.test(ctx.value);
    ctx.issues.push({ code: 'custom', message, input: ctx.value, params: { hidden } });
  });
}

function commandProblem(text: string): string | undefined {
  if (text === '') return 'wanted the name or the path of a program';
  if (/\s/.test(text)) return 'wanted a program alone, its arguments belong into "args"';
  if (text.startsWith('~')) return '"~" is not expanded here, write the whole path';
  return undefined;
}

function helperProblem(text: string): string | undefined {
  if (!HELPER_NAME.test(text)) return 'wanted the NAME of a program docker-credential-NAME';
  return text.startsWith('docker-credential-') ? 'leave out "docker-credential-", the name alone is wanted' : undefined;
}

const environment = z.record(z.string(), z.string()).check((ctx) => {
  for (const name of Object.keys(ctx.value)) {
    if (VARIABLE.test(name)) continue;
    // What is no name may be a value, and a value may be a login: neither is shown.
    ctx.issues.push({ code: 'custom', message: 'a key is not the name of an environment variable', input: name });
  }
});

/** What every program has in common. */
const program = {
  env: environment.default({}).meta({
    description:
      'Environment variables for the program, beside PATH, HOME, the proxy variables, `AWS_*`, `AZURE_*` and `GOOGLE_*`.',
  }),
  timeout: duration('30s', 100, 10 * MINUTE_MS).meta({ description: 'How long the program may run.' }),
  refresh: duration('15m', 1_000, 24 * 60 * MINUTE_MS).meta({
    description: 'How often the program is asked when its answer says nothing about how long it holds.',
  }),
};

const credentialProvider = z.strictObject({
  command: programName(commandProblem).meta({ description: 'The program, as a path or found in PATH.' }),
  args: z.array(z.string()).default([]).meta({ description: 'Its arguments.' }),
  apiVersion: z
    .enum(['credentialprovider.kubelet.k8s.io/v1'])
    .default('credentialprovider.kubelet.k8s.io/v1')
    .meta({ description: 'The version of the protocol that it speaks.' }),
  ...program,
});

const helperName = programName(helperProblem).meta({ description: 'The NAME of a program `docker-credential-NAME`.' });

const helper = z.strictObject({ name: helperName, ...program });
const credentialHelper = z
  .union([helperName, helper])
  .transform((value) => (typeof value === 'string' ? helper.parse({ name: value }) : value));

const KINDS = 'dockerConfig, credentialProvider and credentialHelper';

export const source = z
  .strictObject({
    dockerConfig: checked(filePath('a docker config file'))
      .meta({
        description:
          "A docker config file in either format, as `docker login` or `kubectl create secret docker-registry` write it. The path is relative to the configuration file's folder.",
      })
      .exactOptional(),
    credentialProvider: credentialProvider
      .meta({
        description: 'A kubelet credential provider plugin, such as those of the cloud vendors. Literal hosts only.',
      })
      .exactOptional(),
    credentialHelper: credentialHelper
      .meta({
        description:
          'The NAME of a program `docker-credential-NAME`, or a map with it and settings of its own. Literal hosts only.',
      })
      .exactOptional(),
  })
  .meta({
    description: 'Where the logins come from: exactly one of the kinds of sources.',
    minProperties: 1,
    maxProperties: 1,
  })
  .refine(isOneSource, { message: `wanted exactly one of ${KINDS}`, when: () => true })
  .transform(({ dockerConfig, credentialProvider, credentialHelper }, ctx) => {
    if (dockerConfig !== undefined) return { kind: 'dockerConfig' as const, path: dockerConfig };
    if (credentialProvider !== undefined) return { kind: 'credentialProvider' as const, ...credentialProvider };
    if (credentialHelper !== undefined) return { kind: 'credentialHelper' as const, ...credentialHelper };
    ctx.issues.push({ code: 'custom', message: `wanted exactly one of ${KINDS}`, input: undefined });
    return z.NEVER;
  });

/** Whether a map holds exactly one key. What is not a map has been reported as such. */
function isOneSource(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 1;
}
