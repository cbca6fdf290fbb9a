// `pullpass rotate-ca` out of the command line and the cluster.
import { openRotationDesk } from '../cluster/authority-secret.ts';
import { connect } from '../cluster/client.ts';
import { SYSTEM_TIME } from '../cluster/time.ts';
import { CLUSTER_OPTIONS, choiceOfCluster } from '../command-line/cluster-options.ts';
import { type CommandSpec, parse } from '../command-line/command.ts';
import { Failure } from '../command-line/refusal.ts';
import { EXIT, type Runtime } from '../command-line/runtime.ts';
import { rotateCa } from '../rotate-ca/rotate-ca.ts';

export const ROTATE_CA = {
  name: 'rotate-ca',
  usage: '[options]',
  summary: 'a new CA, without a moment in which nobody trusts it',
  options: CLUSTER_OPTIONS,
  examples: ['pullpass rotate-ca --namespace pullpass-system'],
} as const satisfies CommandSpec;

/** @throws Failure */
export async function run({ say, out }: Runtime, args: readonly string[]): Promise<number> {
  const { values } = parse(ROTATE_CA, args);
  const client = connect(choiceOfCluster(values));
  const desk = openRotationDesk(client, values.namespace, SYSTEM_TIME.now);
  const result = await rotateCa({ ...desk, say, sleep: SYSTEM_TIME.sleep, now: SYSTEM_TIME.now });
  await client.close();
  if ('failed' in result) throw new Failure(result.failed);
  await out(`${result.done}\n`);
  return EXIT.done;
}
