// A program for the crash test: starts a control plane, says where it is, and waits to be killed. It never stops it itself.
import { startControlPlane } from './control-plane.ts';

const plane = await startControlPlane();
process.stdout.write(`${JSON.stringify({ folder: plane.folder, pids: [...plane.pids.values()] })}\n`);
setInterval(() => undefined, 60_000);
