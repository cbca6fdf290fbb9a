// `pullpass uninstall` out of the command line and the cluster.
import { connect } from '../cluster/client.ts';
import { openLeftovers } from '../cluster/leftovers.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { CLUSTER_OPTIONS, choiceOfCluster } from '../command-line/cluster-options.ts';
import { type CommandSpec, parse } from '../command-line/command.ts';
import { Failure } from '../command-line/refusal.ts';
import { EXIT, type Runtime } from '../command-line/runtime.ts';
import { uninstall } from '../uninstall/uninstall.ts';

export const UNINSTALL = {
  name: 'uninstall',
  usage: '[options]',
  summary: 'takes away what Pullpass made itself, once no replica runs any more',
  options: {
    ...CLUSTER_OPTIONS,
    replicas: {
      type: 'string',
      default: 'app.kubernetes.io/name=pullpass',
      value: 'SELECTOR',
      text: "labels of the replicas' Pods",
    },
    'pull-secret': {
      type: 'string',
      multiple: true,
      default: [] as string[],
      value: 'NAME',
      text: 'also the pull Secrets of this name, everywhere; may be given again (default: they stay)',
    },
  },
  examples: ['pullpass uninstall', 'pullpass uninstall --pull-secret pullpass-dockercfg'],
} as const satisfies CommandSpec;

/** @throws Failure */
export async function run({ say, out }: Runtime, args: readonly string[]): Promise<number> {
  const { values } = parse(UNINSTALL, args);
  const client = connect(choiceOfCluster(values));
  const leftovers = openLeftovers({ client, namespace: values.namespace, selector: values.replicas });
  const ports = { ...leftovers, say, sleep: SYSTEM_TIME.sleep, now: SYSTEM_TIME.now };
  const result = await uninstall(ports, values['pull-secret']);
  await client.close();
  if ('failed' in result) throw new Failure(result.failed);
  await out(`${result.done}\n`);
  return EXIT.done;
}
