// The path from Pullpass to the API server, which a test can slow down, cut and heal. The certificate of the API server holds
// for 127.0.0.1 on every port, so it is verified as always.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type ControlPlane, freePorts } from '../control-plane/control-plane.ts';
import { listen } from './endpoints.ts';
import { type Relay, relay } from './relay.ts';

export interface Cut {
  /**
   * What becomes of the connections that are there: 'stalled' ones pass nothing until the path is healed, and then all of it,
   * as TCP sends again; 'lost' ones pass nothing ever, and nobody is told, as when a firewall has forgotten them; or 'reset'.
   */
  readonly present: 'stalled' | 'lost' | 'reset';
  /** What becomes of new ones: 'silent' ones are accepted, and hear nothing until the path is healed. */
  readonly fresh: 'refused' | 'silent';
}

export interface ApiPath {
  /** A kubeconfig that leads through the path. */
  readonly kubeconfig: string;
  /** Milliseconds that every chunk takes longer, in each direction, from now on; 0 at the beginning. */
  delay(ms: number): void;
  cut(how: Cut): Promise<void>;
  heal(): Promise<void>;
  /** How many connections are open. */
  open(): number;
  close(): Promise<void>;
}

/** @param kubeconfig whose rights are used; its server must be that of the control plane */
export async function openApiPath(plane: ControlPlane, kubeconfig = plane.kubeconfig): Promise<ApiPath> {
  const [port] = await freePorts(1);
  const through = join(plane.folder, `path-${port}.kubeconfig`);
  const text = readFileSync(kubeconfig, 'utf8').replaceAll(plane.server, `https://127.0.0.1:${port}`);
  writeFileSync(through, text, { mode: 0o600 });
  return { kubeconfig: through, ...(await openPath(port, Number(new URL(plane.server).port))) };
}

/** Both ports are on 127.0.0.1. */
export async function openPath(port: number, serverPort: number): Promise<Omit<ApiPath, 'kubeconfig'>> {
  const relays = new Set<Relay>();
  let lost: readonly Relay[] = [];
  let delayMs = 0;
  let silent = false;
  const server = createServer({ allowHalfOpen: true }, (client: Socket) => {
    const passed = relay(client, { serverPort, delayMs: () => delayMs });
    if (silent) passed.hold();
    relays.add(passed);
    client.on('close', () => relays.delete(passed));
  });
  await listen(server, port);
  return {
    delay(ms) {
      delayMs = ms;
    },
    async cut({ present, fresh }) {
      silent = true;
      for (const one of relays) {
        if (present === 'reset') one.reset();
        else one.hold();
      }
      if (present === 'lost') lost = [...lost, ...relays];
      // It refuses at once; the callback would wait for the connections that are there.
      if (fresh === 'refused') server.close();
    },
    async heal() {
      silent = false;
      for (const one of relays) if (!lost.includes(one)) one.release();
      if (!server.listening) await listen(server, port);
    },
    open: () => relays.size,
    async close() {
      for (const one of relays) one.reset();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
