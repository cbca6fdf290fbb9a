// What a process costs, from the operating system: the time that its threads ran, to the nanosecond, and the memory that is
// resident. Linux only.
import { readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds on a processor, of all threads that live. Threads of the servers here do not come and go. */
export function cpuNs(pid: number): number {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]);
    } catch {
      // It ended since the folder was read.
    }
  }
  return sum;
}

/** In MiB: resident now, and at most since the process began. */
export function memoryOf(pid: number): { readonly resident: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (key: string): number => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024;
  return { resident: of('VmRSS'), peak: of('VmHWM') };
}
