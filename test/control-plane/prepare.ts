// Makes everything ready that takes minutes once per machine, before tests that have a time limit: the control plane's
// programs and our own Go programs. Run it as `node test/control-plane/prepare.ts`; it is silent when all is there.
import { locatePromtool } from '../chart/promtool.ts';
import { locateBinaries, locateHelm, locateTool } from './binaries.ts';

await locateBinaries();
await locateTool('oracle');
await locateTool('render');
await locateTool('registry');
await locateTool('kubelet');
await locatePromtool();
await locateHelm();
