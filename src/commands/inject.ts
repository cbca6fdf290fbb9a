// `pullpass inject` out of the command line and files; no cluster takes part.

import { type CommandSpec, choiceOf, parse } from '../command-line/command.ts';
import { readConfig, readText } from '../command-line/config-file.ts';
import { DOCKER_CONFIG } from '../command-line/docker-config-option.ts';
import { Refusal } from '../command-line/refusal.ts';
import { EXIT, type Runtime } from '../command-line/runtime.ts';
import type { Config } from '../config/schema.ts';
import { type Labels, labelKeyProblem, labelValueProblem, selects } from '../core/selector.ts';
import { selectWorkloads } from '../core/workload.ts';
import { diskFiles } from '../credentials/files.ts';
import { collectGarbage } from '../inject/collect-garbage.ts';
import { holdParts } from '../inject/held-parts.ts';
import { type Injection, type InjectionPorts, inject } from '../inject/inject.ts';
import { findInputs } from '../inject/inputs.ts';
import { labelsThatTakePart, rememberObjects } from '../inject/known-objects.ts';
import { loadCredentials } from '../inject/offline-credentials.ts';
import { accountNote, describe } from '../inject/report.ts';

export const INJECT = {
  name: 'inject',
  usage: '[options] [FILE|FOLDER|-]...',
  summary: 'adds the pull Secret to manifests, without a cluster',
  about: [
    'Reads YAML and JSON and prints it with the pull Secret added where an admission would add it; nothing else changes.',
    'Without a file it reads standard input. What is said about it goes to standard error.',
    '',
    'Exit codes: 0 done, or with --check nothing is missing; 1 a manifest cannot be read or changed, and then nothing is',
    'printed, or with --check something is missing; 2 wrong usage, or a refused configuration.',
  ].join('\n'),
  options: {
    config: { type: 'string', value: 'FILE', text: 'configuration file; its credentials count as having a login' },
    'docker-config': DOCKER_CONFIG,
    credential: {
      type: 'string',
      multiple: true,
      default: [] as string[],
      value: 'FILE',
      text: 'a manifest of a credential Secret; may be given again',
    },
    namespace: { type: 'string', short: 'n', value: 'NAME', text: 'of objects that do not say theirs' },
    'namespace-labels': {
      type: 'string',
      value: 'K=V,K=V',
      text: 'its labels (default: as if it takes part)',
    },
    'service-account': {
      type: 'string',
      multiple: true,
      default: [] as string[],
      value: 'NAME=SECRET,SECRET',
      text: 'the imagePullSecrets of a ServiceAccount; may be given again',
    },
    secrets: { type: 'boolean', text: 'also print the pull Secret, with its logins' },
    'post-renderer': { type: 'boolean', text: "runs as Helm's post-renderer: only standard input, and no --secrets" },
    check: { type: 'boolean', text: 'print no manifests, but what is missing in them' },
    output: { type: 'string', short: 'o', default: 'text', value: 'FORMAT', text: 'of what is said: text or json' },
    verbose: { type: 'boolean', short: 'v', text: 'say something of each object and each image' },
    quiet: { type: 'boolean', short: 'q', text: 'say only what is wrong' },
    'pullpass-namespace': {
      type: 'string',
      default: 'pullpass-system',
      value: 'NAME',
      text: "Pullpass's own namespace, which never takes part",
    },
  },
  positionals: true,
  examples: [
    'pullpass inject --docker-config ~/.docker/config.json deploy.yaml | kubectl apply -f -',
    'helm template shop ./chart | pullpass inject --config pullpass.yaml -n shop',
    'pullpass inject --config pullpass.yaml --check manifests/',
  ],
} as const satisfies CommandSpec;

type Arguments = ReturnType<typeof parse<typeof INJECT>>;

/** @throws Refusal */
export async function run(runtime: Runtime, args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(INJECT, args);
  const output = choiceOf(values.output, 'output', ['text', 'json'] as const);
  refuseContradictions({ values, positionals }, runtime.env);
  const { injection, notes } = await prepare({ values, positionals }, runtime);
  const check = values.check === true;
  const style = { output, check, verbose: values.verbose === true };
  const said = holdParts();
  const ports: InjectionPorts = {
    out: runtime.out,
    report(object) {
      if (!values.quiet) for (const line of describe(object, style)) said.add(`${line}\n`);
    },
    fail: runtime.say,
    clean: collectGarbage,
  };
  if (!values.quiet) for (const note of notes) runtime.say(note);
  const { failures, changed, objects, unknownAccounts } = await inject(injection, ports);
  if (failures > 0) {
    if (!check) runtime.say('nothing was printed');
    return EXIT.failed;
  }
  for (const part of said.parts()) {
    if (check) await runtime.out(part);
    else runtime.say(Buffer.from(part).toString().slice(0, -1));
  }
  const isForPeople = output === 'text' && !values.quiet;
  if (isForPeople && unknownAccounts.size > 0) runtime.say(accountNote([...unknownAccounts].sort()));
  if (check && isForPeople && changed === 0) await runtime.out(`nothing is missing (${objects} looked at)\n`);
  return check && changed > 0 ? EXIT.failed : EXIT.done;
}

/** Helm keeps in its release what a post-renderer prints, so logins must not be in it. */
function refuseContradictions({ values, positionals }: Arguments, env: Runtime['env']): void {
  const asPostRenderer = values['post-renderer'] === true;
  const inHelm = asPostRenderer || env.HELM_PLUGIN_DIR !== undefined;
  if (values.secrets && inHelm) {
    throw new Refusal(
      '--secrets in a post-renderer: Helm would keep the logins in its release; let Pullpass write the Secret',
    );
  }
  if (values.secrets && values.check) throw new Refusal('--secrets and --check: nothing is printed with --check');
  if (values.secrets && values.namespace === undefined) throw new Refusal('--secrets needs --namespace');
  if (asPostRenderer && (positionals.length > 0 || values.check)) {
    throw new Refusal('--post-renderer reads standard input and prints manifests: give no files and no --check');
  }
}

async function prepare(
  { values, positionals }: Arguments,
  { stdin }: Runtime,
): Promise<{ readonly injection: Injection; readonly notes: readonly string[] }> {
  const config = readConfig(values.config);
  const found = findInputs(positionals, stdin);
  if ('problem' in found) throw new Refusal(found.problem);
  const instance = values['pullpass-namespace'];
  const secrets = new Map(values.credential.map((file) => [file, readText(file)]));
  const files = { config, dockerConfigs: values['docker-config'], secrets, instance };
  const credentials = await loadCredentials(files, diskFiles(), values.secrets === true);
  if ('problems' in credentials) throw new Refusal(credentials.problems.join('\n'));
  const { policy, renderings, notes } = credentials;
  const known = rememberObjects({
    namespace: values.namespace ?? '',
    labels: labelsOf(values['namespace-labels'], config),
    serviceAccounts: new Map(values['service-account'].map(parseAccount)),
  });
  const settings = {
    policy,
    workloads: selectWorkloads(config.workloads),
    participation: { namespaces: config.namespaces, own: instance },
    pullSecret: config.pullSecret.name,
    formerNames: config.pullSecret.formerNames,
  };
  const print = values.check !== true;
  return { injection: { inputs: found.inputs, settings, known, print, ...(renderings && { renderings }) }, notes };
}

/** @throws Refusal */
function labelsOf(text: string | undefined, { namespaces }: Config): Labels {
  if (text === undefined) {
    const labels = labelsThatTakePart(namespaces);
    // The name of the namespace is not known yet, and may be what the selector asks for.
    if (selects(namespaces, labels) || JSON.stringify(namespaces).includes('kubernetes.io/metadata.name'))
      return labels;
    throw new Refusal('which labels the namespaces selector wants cannot be told: give them with --namespace-labels');
  }
  const pairs = text.split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair): [string, string] => {
      const [key = '', ...rest] = pair.trim().split('=');
      const problem =
        rest.length === 0 ? 'wanted KEY=VALUE' : (labelKeyProblem(key) ?? labelValueProblem(rest.join('=')));
      if (problem !== undefined) throw new Refusal(`--namespace-labels "${pair}": ${problem}`);
      return [key, rest.join('=')];
    }),
  );
}

/** @throws Refusal */
function parseAccount(text: string): [string, readonly string[]] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new Refusal(`--service-account "${text}": wanted NAME=SECRET,SECRET, or NAME= for none`);
  return [
    text.slice(0, equals),
    text
      .slice(equals + 1)
      .split(',')
      .filter((name) => name !== ''),
  ];
}
