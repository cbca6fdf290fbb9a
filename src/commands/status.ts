// `pullpass status` out of the command line and the cluster.
import { connect } from '../cluster/client.ts';
import { findReferences } from '../cluster/references.ts';
import { listReplicas, readReplicaStatus } from '../cluster/replica-status.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { CLUSTER_OPTIONS, choiceOfCluster } from '../command-line/cluster-options.ts';
import { type CommandSpec, choiceOf, numberOf, parse } from '../command-line/command.ts';
import { paintWith } from '../command-line/paint.ts';
import { Refusal } from '../command-line/refusal.ts';
import { EXIT, type Runtime } from '../command-line/runtime.ts';
import { suggestion } from '../config/nearest.ts';
import { DEFAULT_PULL_SECRET_NAME } from '../core/names.ts';
import { type StatusRequest, tellStatus } from '../status/status.ts';

const TOPICS = ['credentials', 'namespaces'] as const;

export const STATUS = {
  name: 'status',
  usage: '[credentials|namespaces [NAME]] [options]',
  summary: 'credentials and namespaces, as the elected replica knows them',
  about: `Asks the elected replica through a port-forward. That needs the right to get the Lease "pullpass", to list Pods,
and to get and create pods/portforward in Pullpass's own namespace. No login is shown.`,
  options: {
    ...CLUSTER_OPTIONS,
    output: { type: 'string', short: 'o', default: 'table', value: 'FORM', text: 'table or json' },
    references: {
      type: 'boolean',
      text: 'also every Pod, workload and ServiceAccount that names the pull Secret, by your own rights',
    },
    'exit-code': { type: 'boolean', text: 'ends with 1 if something is wrong, for pipelines' },
    'status-port': { type: 'string', default: '8081', value: 'PORT', text: 'that of the replicas' },
    'pull-secret': {
      type: 'string',
      default: DEFAULT_PULL_SECRET_NAME,
      value: 'NAME',
      text: 'for --references, where no replica can be asked',
    },
  },
  positionals: true,
  examples: [
    'pullpass status',
    'pullpass status credentials ghcr',
    'pullpass status namespaces shop -o json',
    'pullpass status --references',
  ],
} as const satisfies CommandSpec;

/** @throws Refusal, Failure */
export async function run(runtime: Runtime, args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(STATUS, args);
  const { topic, name } = topicOf(positionals);
  const request: StatusRequest = {
    topic,
    ...(name !== undefined && { name }),
    json: choiceOf(values.output, 'output', ['table', 'json'] as const) === 'json',
    references: values.references === true,
    pullSecret: values['pull-secret'],
    columns: runtime.columns,
    paint: paintWith(runtime.colours),
  };
  const statusPort = numberOf(values['status-port'], 'status-port', 65_535);
  const access = choiceOfCluster(values);
  const client = connect(access);
  const { namespace } = values;
  const progress = (line: string): void => void (runtime.watched && runtime.say(line));
  const ports = {
    read: (about: string | undefined) =>
      readReplicaStatus({ client, access, namespace, statusPort, ...(about !== undefined && { about }) }),
    replicas: () => listReplicas(client, namespace),
    references: (names: readonly string[], only: string | undefined) =>
      findReferences({
        client,
        names,
        ...(only !== undefined && { namespace: only }),
        onKind: (kind) => progress(`looking at ${kind}`),
      }),
    out: runtime.out,
    say: runtime.say,
    now: SYSTEM_TIME.now,
  };
  const { wrong } = await tellStatus(ports, request).finally(() => client.close());
  return wrong && values['exit-code'] === true ? EXIT.failed : EXIT.done;
}

/** @throws Refusal */
function topicOf([topic, name, ...more]: readonly string[]): Pick<StatusRequest, 'topic' | 'name'> {
  if (topic === undefined) return { topic: 'overview' };
  const known = TOPICS.find((one) => one === topic);
  if (known === undefined)
    throw new Refusal(`unknown "${topic}"${suggestion(topic, TOPICS)}; see pullpass status --help`);
  if (more.length > 0) throw new Refusal(`"${more[0]}" is one name too many; see pullpass status --help`);
  return { topic: known, ...(name !== undefined && { name }) };
}
