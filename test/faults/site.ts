// What every fault scenario begins with: a control plane, Pullpass installed with `failurePolicy: Fail` behind a Service that
// the test plays, a credential, replicas, and namespaces that hold their pull Secret. FULL=1 runs the scenarios at full length.

import { type ControlPlane, freePorts, startControlPlane } from '../control-plane/control-plane.ts';
import { FULL } from '../full.ts';
import { expectOk, install, limitedKubeconfig, makeCredential, makeNamespace, pod } from '../serve/installation.ts';
import { type Endpoints, openEndpoints } from './endpoints.ts';
import { type Fleet, startFleet } from './fleet.ts';

/** Creates a second that are offered, and that are to be reached where the machine is this test's alone. */
export const OFFERED = FULL ? 200 : 50;
export const REACHED = FULL ? 150 : 0;

export interface Site {
  readonly plane: ControlPlane;
  readonly endpoints: Endpoints;
  readonly fleet: Fleet;
  /** They take part and hold the pull Secret. */
  readonly namespaces: readonly string[];
  /** A kubeconfig with the rights of an installation and no more. */
  readonly kubeconfig: string;
  end(): Promise<void>;
}

export interface SiteOptions {
  readonly replicas: number;
  /** Of every replica. */
  readonly args: readonly string[];
  /** From not ready to no new connections, in milliseconds. */
  readonly lagMs?: number;
  /** What the replicas reach the API server by, out of a kubeconfig with their rights; default: that one. */
  readonly reach?: (plane: ControlPlane, kubeconfig: string) => Promise<string>;
}

const NAMESPACES = ['team-a', 'team-b', 'team-c', 'team-d'];

/** Everything that it started ends with `end`, which a test must call. */
export async function openSite({ replicas, args, lagMs = 1_000, reach }: SiteOptions): Promise<Site> {
  const plane = await startControlPlane();
  const ends: (() => Promise<void>)[] = [() => plane.stop()];
  const end = async (): Promise<void> => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  try {
    const [port] = await freePorts(1);
    await install(plane.api, port, { failurePolicy: 'Fail' });
    await makeCredential(plane.api, 'ghcr', { 'ghcr.io': { username: 'robot', password: 'fake' } });
    const limited = await limitedKubeconfig(plane);
    const kubeconfig = reach === undefined ? limited : await reach(plane, limited);
    const endpoints = await openEndpoints({ port, lagMs });
    ends.push(() => endpoints.close());
    const fleet = await startFleet({ plane, endpoints, replicas, args, kubeconfig });
    ends.push(() => fleet.end());
    for (const name of NAMESPACES) {
      await makeNamespace(plane.api, name);
      const first = pod('first', 'ghcr.io/acme/app:1');
      await expectOk(plane.api.call('POST', `/api/v1/namespaces/${name}/pods`, first));
    }
    return { plane, endpoints, fleet, namespaces: NAMESPACES, kubeconfig, end };
  } catch (error) {
    await end();
    throw error;
  }
}
