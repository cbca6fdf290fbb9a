// Starts the program that floods, and reads how much memory a process holds.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Flooded, FloodOptions } from './flood.ts';

/** Runs until all are answered or out of time; rejects if it could not connect. */
export function flood(options: FloodOptions): Promise<Flooded> {
  const program = join(import.meta.dirname, 'flood.ts');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, JSON.stringify(options)], { timeout: 180_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout));
      else reject(new Error(`the flood failed: ${stderr.slice(0, 2_000)}`));
    });
  });
}

/** In MiB: resident now, and at most since the process began. */
export function memoryOf(pid: number): { readonly resident: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (key: string): number => Math.round(Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024);
  return { resident: of('VmRSS'), peak: of('VmHWM') };
}

/** Answers that are neither a review nor an invitation to come again. */
export function unanswered({ sent, answers, withoutRetryAfter }: Flooded): number {
  return sent - (answers['200'] ?? 0) - (answers['503'] ?? 0) + withoutRetryAfter;
}
