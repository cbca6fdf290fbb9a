// The demo: a real control plane, `serve`, a labelled namespace and an application with private images, and what became of it.
// It exits with 1 if anything is not as it must be, ends all that it started, and prints no login.
//
//   npm run demo             shows and ends
//   npm run demo -- --keep   stays up, to be tried with kubectl, until Ctrl-C
import { parseArgs } from 'node:util';
import { locateBinaries } from '../../test/control-plane/binaries.ts';
import { PULL_SECRET } from '../../test/serve/installation.ts';
import { applyApplication } from './application.ts';
import { surprises } from './expected.ts';
import { admissionLines, readObjects, readOrder } from './facts.ts';
import { COLOURED, PLAIN, showLeftAlone, showObjects, showOrder, showTimes } from './show.ts';
import { openStage, type Stage } from './stage.ts';

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const colours = process.stdout.isTTY && !process.env.NO_COLOR ? COLOURED : PLAIN;

/** Progress is prose and goes to stderr; stdout holds the result alone. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n\n`);
}

async function play({ plane, serve }: Stage): Promise<void> {
  const since = await applyApplication(plane, say);
  const objects = await readObjects(plane, serve);
  const orders = await readOrder(plane, since);
  process.stdout.write('\n');
  print(showObjects(objects, colours));
  print(showLeftAlone(objects, colours));
  print(showOrder(orders, PULL_SECRET, colours));
  print(showTimes(admissionLines(serve), colours));
  const wrong = surprises(objects, orders);
  if (wrong.length > 0) throw new Error(`not everything is as it must be:\n  ${wrong.join('\n  ')}`);
}

async function howToUse({ plane }: Stage): Promise<readonly string[]> {
  const kubectl = `kubectl --kubeconfig ${plane.kubeconfig}`;
  const { kubectl: program } = await locateBinaries();
  return [
    colours.bold('It stays up until Ctrl-C. Try it:'),
    `  ${kubectl} -n shop run mine --image=ghcr.io/acme/mine:1`,
    `  ${kubectl} -n shop get pod mine -o jsonpath='{.spec.imagePullSecrets}{"\\n"}'`,
    `  ${kubectl} -n shop get secret ${PULL_SECRET} -o yaml`,
    `There are no nodes, so Pods stay Pending. A kubectl that fits: ${program}`,
  ];
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
  const stage = openStage(say);
  const asked = Promise.withResolvers<number>();
  let ending = false;
  /** While it only waits to be told, being told is no failure. */
  let waiting = false;
  const end = (code: number): void => {
    ending = true;
    asked.resolve(waiting ? 0 : code);
  };
  for (const [signal, code] of Object.entries(SIGNALS)) process.on(signal, () => end(code));
  // Whoever read the output is gone, as with `| head`: what was started must still be ended.
  process.stdout.on('error', () => end(1));

  async function show(): Promise<number> {
    const set = await stage.start();
    await play(set);
    if (!values.keep) return 0;
    waiting = true;
    print(await howToUse(set));
    return asked.promise;
  }
  const shown = show().catch((error: unknown) => {
    if (!ending) say(`demo: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  });
  const code = await Promise.race([asked.promise, shown]);
  await stage.stop();
  process.exit(code);
}

await main();
