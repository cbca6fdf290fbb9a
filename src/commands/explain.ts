// `pullpass explain` out of the command line and the cluster.
import { type Client, connect } from '../cluster/client.ts';
import { openExplained } from '../cluster/explained.ts';
import { readReplicaStatus } from '../cluster/replica-status.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { CLUSTER_OPTIONS, choiceOfCluster } from '../command-line/cluster-options.ts';
import { type CommandSpec, choiceOf, numberOf, parse, type Values } from '../command-line/command.ts';
import { readText } from '../command-line/config-file.ts';
import { paintWith } from '../command-line/paint.ts';
import { Failure, Refusal } from '../command-line/refusal.ts';
import { EXIT, type Runtime } from '../command-line/runtime.ts';
import { readManifests } from '../config/manifests.ts';
import { findCustomKind } from '../explain/custom-kind.ts';
import { type Explanation, explain } from '../explain/explain.ts';
import { type Cluster, gather } from '../explain/gather.ts';
import { printText, toJson } from '../explain/print.ts';
import {
  hasPods,
  imageTarget,
  type Lookups,
  liveTarget,
  manifestTargets,
  podSpecOf,
  type Wanted,
} from '../explain/targets.ts';

export const EXPLAIN = {
  name: 'explain',
  usage: '[options] KIND/NAME | -f FILE | image IMAGE',
  summary: 'why an object gets, or does not get, the pull Secret',
  about:
    'Only reads, and asks the API server by dry runs. Exit codes: 0 it has, or would get, what it needs; 1 it does not.',
  options: {
    namespace: { type: 'string', short: 'n', value: 'NAME', text: "of the object (default: the context's)" },
    file: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      text: 'a manifest instead, - for standard input; it need not exist',
    },
    'pullpass-namespace': {
      type: 'string',
      default: 'pullpass-system',
      value: 'NAME',
      text: "Pullpass's own namespace",
    },
    'webhook-configuration': {
      type: 'string',
      default: 'pullpass',
      value: 'NAME',
      text: 'the MutatingWebhookConfiguration',
    },
    kubeconfig: CLUSTER_OPTIONS.kubeconfig,
    context: CLUSTER_OPTIONS.context,
    'status-port': { type: 'string', default: '8081', value: 'PORT', text: 'as of `pullpass serve`' },
    output: { type: 'string', short: 'o', default: 'text', value: 'FORM', text: 'text or json' },
  },
  positionals: true,
  examples: [
    'pullpass explain pod/web -n shop',
    'pullpass explain deploy/web -n shop',
    'pullpass explain -f web.yaml -n shop',
    'pullpass explain image ghcr.io/acme/app:1 -n shop',
  ],
} as const satisfies CommandSpec;

type Options = Values<typeof EXPLAIN>;

/** @throws Refusal, Failure */
export async function run(runtime: Runtime, args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(EXPLAIN, args);
  const output = choiceOf(values.output, 'output', ['text', 'json'] as const);
  const statusPort = numberOf(values['status-port'], 'status-port', 65_535);
  const request = readRequest(values, positionals);
  const client = connect(choiceOfCluster(values));
  try {
    const cluster = openCluster(client, values, statusPort);
    const wanted = await targetsOf(runtime, cluster, request, values.namespace, client.namespace);
    const explanations: Explanation[] = [];
    for (const one of wanted) explanations.push(await explainOne(cluster, one, values));
    await runtime.out(format(explanations, output, runtime));
    return explanations.every(({ is }) => is === 'fine') ? EXIT.done : EXIT.failed;
  } finally {
    await client.close();
  }
}

type Request = { readonly file: string } | { readonly image: string } | { readonly object: string };

function readRequest({ file }: Options, positionals: readonly string[]): Request {
  const [first, second, ...more] = positionals;
  const usage = `see pullpass ${EXPLAIN.name} --help`;
  if (file !== undefined && first === undefined) return { file };
  if (file !== undefined) throw new Refusal(`an object and a file at once, leave out one of them; ${usage}`);
  if (first === undefined) throw new Refusal(`what is to be explained? Name an object like pod/web; ${usage}`);
  if (more.length > 0) throw new Refusal(`"${more[0]}" is one too many; ${usage}`);
  if (first === 'image') {
    if (second === undefined) throw new Refusal(`which image? ${usage}`);
    return { image: second };
  }
  // As kubectl has it: `pod web`.
  return { object: second === undefined ? first : `${first}/${second}` };
}

async function targetsOf(
  { stdin }: Runtime,
  cluster: Lookups,
  request: Request,
  given: string | undefined,
  fallback: string,
): Promise<readonly Wanted[]> {
  if ('image' in request) return [imageTarget(request.image, given ?? fallback)];
  if ('object' in request) {
    const target = await liveTarget(cluster, request.object, given ?? fallback);
    if (!('refused' in target)) return [target];
    throw target.isUsage ? new Refusal(target.refused) : new Failure(target.refused);
  }
  const { file } = request;
  const read = readManifests(file === '-' ? await readAll(stdin) : readText(file));
  if ('problem' in read) throw new Refusal(`${file}: ${read.problem}`);
  const targets = manifestTargets(read.objects, file, given, fallback).filter(hasPods);
  if (targets.length === 0) throw new Refusal(`${file} holds no Pod, and nothing with a template of one`);
  return targets;
}

async function readAll(stdin: Runtime['stdin']): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function openCluster(client: Client, values: Options, statusPort: number): Cluster & Lookups {
  const explained = openExplained(client);
  const namespace = values['pullpass-namespace'];
  return {
    ...explained,
    async askReplica(about) {
      const reading = await readReplicaStatus({
        client,
        access: choiceOfCluster(values),
        namespace,
        statusPort,
        about,
      });
      if ('status' in reading) return reading;
      // Its hints are for commands whose --namespace is that of Pullpass.
      return { unavailable: reading.unavailable.replace('--namespace', '--pullpass-namespace') };
    },
    findKind: async (group, type) => findCustomKind(group, type, await explained.resourcesOf(group)),
  };
}

async function explainOne(cluster: Cluster, wanted: Wanted, values: Options): Promise<Explanation> {
  const facts = await gather(cluster, {
    ...wanted,
    podSpec: podSpecOf(wanted.kind),
    own: values['pullpass-namespace'],
    webhook: values['webhook-configuration'],
    now: SYSTEM_TIME.now(),
  });
  return explain(facts);
}

function format(explanations: readonly Explanation[], output: 'text' | 'json', runtime: Runtime): string {
  if (output === 'text') {
    const paint = paintWith(runtime.colours);
    return explanations.map((explanation) => printText(explanation, runtime.columns, paint)).join('\n');
  }
  const all = explanations.map(toJson);
  return `${JSON.stringify(all.length === 1 ? all[0] : all, null, 2)}\n`;
}
