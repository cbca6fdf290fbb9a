// `pullpass check` out of the command line and the cluster.
import { check, passes } from '../check/check.ts';
import type { FactsBefore, Settings } from '../check/facts.ts';
import { DEFAULT_SETTINGS } from '../check/gather.ts';
import { formatJson, formatPage } from '../check/page.ts';
import type { CheckPorts } from '../check/ports.ts';
import { openCheckReads } from '../cluster/check-reads.ts';
import { type Client, connect } from '../cluster/client.ts';
import { readReplicaStatus } from '../cluster/replica-status.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { compareScope } from '../cluster/webhook-rules.ts';
import { CLUSTER_OPTIONS, choiceOfCluster } from '../command-line/cluster-options.ts';
import { type CommandSpec, choiceOf, numberOf, parse } from '../command-line/command.ts';
import { readText } from '../command-line/config-file.ts';
import { paintWith } from '../command-line/paint.ts';
import { Refusal } from '../command-line/refusal.ts';
import { EXIT, type Runtime } from '../command-line/runtime.ts';
import { loadConfig } from '../config/load.ts';
import { describeProblem } from '../config/problem.ts';
import { selectWorkloads } from '../core/workload.ts';

export const CHECK = {
  name: 'check',
  usage: '[options]',
  summary: 'whether Pullpass can be installed, or works, and what to do if not',
  options: {
    pre: { type: 'boolean', text: 'before an installation' },
    ...CLUSTER_OPTIONS,
    'webhook-configuration': {
      ...{ type: 'string', default: 'pullpass', value: 'NAME' },
      text: 'the MutatingWebhookConfiguration',
    },
    service: { type: 'string', default: 'pullpass', value: 'NAME', text: 'the Service that the API server calls' },
    'service-account': { type: 'string', default: 'pullpass', value: 'NAME', text: 'that of the replicas' },
    config: { type: 'string', value: 'FILE', text: 'the configuration file; with --pre it is checked too' },
    'status-port': { type: 'string', default: '8081', value: 'PORT', text: 'where a replica tells its status' },
    wait: { type: 'string', default: '0', value: 'SECONDS', text: 'tries until all is well, at most so long' },
    strict: { type: 'boolean', text: 'warnings fail too' },
    verbose: { type: 'boolean', short: 'v', text: 'also what is well, line by line' },
    output: { type: 'string', short: 'o', default: 'text', value: 'FORM', text: 'text or json' },
  },
  examples: [
    'pullpass check --pre --config pullpass.yaml',
    'helm install pullpass charts/pullpass ... && pullpass check --wait 60',
    'pullpass check -o json | jq \'.[] | select(.state == "fail")\'',
  ],
} as const satisfies CommandSpec;

/** @throws Refusal */
export async function run(runtime: Runtime, args: readonly string[]): Promise<number> {
  const { values } = parse(CHECK, args);
  const output = choiceOf(values.output, 'output', ['text', 'json'] as const);
  const waitMs = numberOf(values.wait, 'wait', 3_600) * 1_000;
  const { namespace, service } = values;
  const asked = {
    ...{ namespace, service, webhookConfiguration: values['webhook-configuration'] },
    serviceAccount: values['service-account'],
  };
  const { settings, configuration } = readSettings(values.config);
  // Before an installation that is a finding among others; afterwards nothing could be compared with it.
  if (values.pre !== true && configuration !== undefined && configuration.problems.length > 0)
    throw new Refusal(configuration.problems.join('\n'));
  const access = choiceOfCluster(values);
  const client = connect(access);
  const statusPort = numberOf(values['status-port'], 'status-port', 65_535);
  const ports = portsOf(client, () => readReplicaStatus({ client, access, namespace, statusPort }));
  const strict = values.strict === true;
  const results = await check(ports, {
    ...{ asked, settings, pre: values.pre === true, strict, waitMs },
    ...(configuration !== undefined && { configuration }),
    onTry(tried) {
      const failed = tried.filter(({ state }) => state === 'fail').map(({ check: name }) => name);
      if (runtime.watched) runtime.say(`not yet: ${failed.join(', ') || 'warnings'}`);
    },
  }).finally(client.close);
  const look = {
    verbose: values.verbose === true,
    columns: Math.max(40, runtime.columns),
    paint: paintWith(runtime.colours),
  };
  await runtime.out(output === 'json' ? formatJson(results) : formatPage(results, look));
  return passes(results, strict) ? EXIT.done : EXIT.failed;
}

function portsOf(client: Client, status: CheckPorts['status']): CheckPorts {
  return {
    ...openCheckReads(client),
    status,
    scopeDifferences: (entries, expected) => compareScope(entries, expected).map(({ problem }) => problem),
    now: SYSTEM_TIME.now,
    sleep: SYSTEM_TIME.sleep,
  };
}

/** @throws Refusal if the file cannot be read */
function readSettings(file: string | undefined): {
  readonly settings: Settings;
  readonly configuration?: FactsBefore['configuration'];
} {
  if (file === undefined) return { settings: DEFAULT_SETTINGS };
  const loaded = loadConfig(readText(file), file);
  if (!('config' in loaded)) {
    return { settings: DEFAULT_SETTINGS, configuration: { file, problems: loaded.problems.map(describeProblem) } };
  }
  const { namespaces, workloads, pullSecret, missedPods } = loaded.config;
  const settings: Settings = {
    ...{ from: 'file', namespaces, repair: missedPods.repair },
    workloads: [...selectWorkloads(workloads).values()],
    pullSecrets: [pullSecret.name, ...pullSecret.formerNames],
  };
  return { settings, configuration: { file, problems: [] } };
}
