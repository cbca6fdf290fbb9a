// Loaded into `serve` by a test: from one SIGUSR2 to the next it measures the longest turn of the event loop, and says it. The
// metric of the process looks every 10 ms, and so says 10 ms of a loop that does nothing; this looks every millisecond.
import { monitorEventLoopDelay } from 'node:perf_hooks';

let histogram;
process.on('SIGUSR2', () => {
  if (histogram !== undefined) process.stderr.write(`longest turn ${(histogram.max / 1e6).toFixed(1)} ms\n`);
  histogram?.disable();
  histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
});
