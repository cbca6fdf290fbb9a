// What the demo plays on: a control plane on loopback and `serve` from the bundle. Whatever was started is ended, in order,
// on success, on error and on a signal; nothing is left behind.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlPlane, freePorts, startControlPlane } from '../../test/control-plane/control-plane.ts';
import { install, type ServeProcess, startServe } from '../../test/serve/installation.ts';
import { dockerConfig } from './logins.ts';

export interface Stage {
  readonly plane: ControlPlane;
  readonly serve: ServeProcess;
}

export interface Stagehand {
  start(): Promise<Stage>;
  /** May be called at any time, also while it starts, and more than once. */
  stop(): Promise<void>;
}

/** @param say tells what is happening, a line at a time */
export function openStage(say: (line: string) => void): Stagehand {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-demo-'));
  let plane: ControlPlane | undefined;
  let serve: Promise<ServeProcess> | undefined;
  let stopped: Promise<void> | undefined;

  async function start(): Promise<Stage> {
    say('starting etcd, kube-apiserver and kube-controller-manager (built first if this machine never did)');
    plane = await startControlPlane();
    if (stopped !== undefined) throw new Error('the demo was asked to stop');
    const config = join(folder, 'config.json');
    writeFileSync(config, dockerConfig(), { mode: 0o600 });
    const [port] = await freePorts(1);
    await install(plane.api, port);
    say('starting pullpass serve --docker-config config.json');
    // At debug, for the demo shows what becomes of objects that are left alone too.
    const args = ['--docker-config', config, '--log-level', 'debug'];
    serve = startServe(plane, args, { port, bundle: true });
    return { plane, serve: await serve };
  }

  async function end(): Promise<void> {
    // One that is about to start can only be ended once it has.
    const running = await serve?.catch(() => undefined);
    await running?.stop();
    // A control plane that is about to start ends with this process: its supervisor waits for just that.
    await plane?.stop();
    rmSync(folder, { recursive: true, force: true });
  }

  return {
    start,
    stop() {
      stopped ??= end();
      return stopped;
    },
  };
}
