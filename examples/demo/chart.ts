// Renders one of the example charts as `helm template` would, with the small Go program beside the control plane.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { locateTool } from '../../test/control-plane/binaries.ts';

export type Chart = 'classic-chart' | 'classic-chart-by-hand';

/** @returns YAML documents */
export async function renderChart(chart: Chart, values: Readonly<Record<string, string>> = {}): Promise<string> {
  const sets = Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const { stdout } = await promisify(execFile)(await locateTool('render'), [
    ...sets,
    join(import.meta.dirname, '..', chart),
  ]);
  return stdout;
}
