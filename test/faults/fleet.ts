// Several replicas of the real program, from the bundle, behind one Service: what a Deployment and its Pods go through. Nothing
// of Pullpass is imported here; it is started, signalled and looked at from outside.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { eventually, type ServeProcess, type StartOptions, startServe } from '../serve/installation.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';

export interface FleetOptions {
  readonly plane: ControlPlane;
  readonly endpoints: Endpoints;
  readonly replicas: number;
  /** Of `serve`, beside those of every test; they win over them. */
  readonly args: readonly string[];
  /** Default: that of the administrator. */
  readonly kubeconfig?: string;
}

export interface Member {
  readonly serve: ServeProcess;
  readonly endpoint: Endpoint;
}

export interface Fleet {
  /** As they are now. */
  members(): readonly Member[];
  member(index: number): Member;
  /** Starts one more, and resolves when it is in use. `options` are for this one alone. */
  start(options?: StartOptions & { readonly args?: readonly string[] }): Promise<Member>;
  /** SIGTERM, as the deletion of a Pod is; resolves with the exit code. */
  retire(index: number): Promise<number | null>;
  /** As a Deployment with maxUnavailable 0: the new one is in use before the old one is asked to stop, at the same index. */
  replace(index: number): Promise<number | null>;
  /** SIGKILL; resolves when new connections no longer go to it. Returns the one that was. */
  kill(index: number): Promise<Member>;
  /** SIGSTOP. Connections to it hang, also those that it holds: take it out first, and see that none is left in use. */
  freeze(index: number): void;
  /** SIGCONT. */
  thaw(index: number): void;
  /** Ends everything that was ever started. */
  end(): Promise<void>;
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { plane, endpoints } = options;
  const members: Member[] = [];
  const started: ServeProcess[] = [];
  const fleet: Fleet = {
    members: () => members,
    member(index) {
      const member = members[index];
      if (member === undefined) throw new Error(`there is no replica ${index}`);
      return member;
    },
    async start({ args = [], ...own } = {}) {
      const kubeconfig = options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig };
      const serve = await startServe(plane, [...options.args, ...args], { bundle: true, ...kubeconfig, ...own });
      started.push(serve);
      const endpoint = endpoints.add(serve);
      await eventually('in use', async () => endpoint.inUse() || undefined);
      const member = { serve, endpoint };
      members.push(member);
      return member;
    },
    async retire(index) {
      const [member] = members.splice(index, 1);
      return member === undefined ? null : leave(member, 'SIGTERM');
    },
    async replace(index) {
      const old = fleet.member(index);
      const fresh = await fleet.start();
      members.splice(members.indexOf(fresh), 1);
      members[index] = fresh;
      return leave(old, 'SIGTERM');
    },
    async kill(index) {
      const [member] = members.splice(index, 1);
      if (member === undefined) throw new Error(`there is no replica ${index}`);
      await leave(member, 'SIGKILL');
      return member;
    },
    freeze: (index) => void process.kill(fleet.member(index).serve.pid, 'SIGSTOP'),
    thaw: (index) => void process.kill(fleet.member(index).serve.pid, 'SIGCONT'),
    async end() {
      await Promise.all(started.map((serve) => serve.stop('SIGKILL')));
    },
  };
  // All of them settle first: what becomes ready later would be left behind.
  const all = await Promise.allSettled(Array.from({ length: options.replicas }, () => fleet.start()));
  const failed = all.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await fleet.end();
    throw failed.reason;
  }
  return fleet;
}

/** Resolves with the exit code, when the process has ended and new connections go elsewhere. */
async function leave({ serve, endpoint }: Member, signal: NodeJS.Signals): Promise<number | null> {
  const code = await serve.stop(signal);
  while (endpoint.inUse()) await sleep(10);
  endpoint.remove();
  return code;
}
