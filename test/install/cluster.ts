// A cluster to install into, as a user has one: a control plane, a node for Pullpass's own namespace, and a shell with helm and
// kubectl. Nothing of it is Pullpass's; that is installed by the commands of the test.
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { locateBinaries, locateHelm } from '../control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { OWN_NAMESPACE } from '../serve/installation.ts';
import { type ClusterNode, type Running, startNode } from './node.ts';
import { openServicePath, type ServicePath } from './service-path.ts';

export interface Cluster {
  readonly plane: ControlPlane;
  readonly node: ClusterNode;
  readonly path: ServicePath;
  /** Runs a line in the folder of the project; gives what it printed. @throws Error with what it and the Pods said when it failed */
  run(line: string): Promise<string>;
  /** Must be called. @throws Error what went wrong on the node, if anything did */
  end(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '..', '..');

/** @param env further variables of the shell */
export async function openCluster(env: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const path = await openServicePath();
  const plane = await startControlPlane({ apiServerArgs: path.apiServerArgs }).catch(async (error) => {
    await path.close();
    throw error;
  });
  const home = await makeHome(plane.folder);
  const node = startNode(plane, OWN_NAMESPACE, path);
  return {
    plane,
    node,
    path,
    run: (line) =>
      run(line, { ...shellEnv(home, plane), ...env }).catch((error: Error) => {
        throw new Error([error.message, ...node.running().map(lastLines)].join('\n'));
      }),
    async end() {
      try {
        await node.end();
      } finally {
        await plane.stop();
        await path.close();
      }
    },
  };
}

async function makeHome(folder: string): Promise<string> {
  const home = join(folder, 'home');
  mkdirSync(join(home, 'bin'), { recursive: true });
  symlinkSync(await locateHelm(), join(home, 'bin', 'helm'));
  symlinkSync((await locateBinaries()).kubectl, join(home, 'bin', 'kubectl'));
  return home;
}

/** Nothing of the developer's: neither settings nor another cluster. */
function shellEnv(home: string, plane: ControlPlane): Record<string, string> {
  const folders = Object.fromEntries(
    ['CACHE', 'CONFIG', 'DATA'].map((what) => [`HELM_${what}_HOME`, join(home, what)]),
  );
  return { ...folders, HOME: home, PATH: `${join(home, 'bin')}:${process.env.PATH}`, KUBECONFIG: plane.kubeconfig };
}

function lastLines({ name, output }: Running): string {
  return `${name}: ${output().trim().split('\n').slice(-4).join('\n')}`;
}

function run(line: string, env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', line], { cwd: ROOT, env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${line}\n${stderr}${stdout}`));
    });
  });
}
