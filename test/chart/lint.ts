// Lints the chart with helm, wherever that comes from: `node test/chart/lint.ts`. It prints what helm says only if something is
// wrong, and ends with 1 then.
import { CHART, helm } from './helm.ts';

for (const values of [[], ['--values', `${CHART}/values-ha.yaml`]]) {
  try {
    await helm(['lint', '--strict', CHART, ...values]);
  } catch (error) {
    const { stdout = '', message = '' } = error as { readonly stdout?: string; readonly message?: string };
    process.stderr.write(`${stdout}${message}\n`);
    process.exitCode = 1;
  }
}
