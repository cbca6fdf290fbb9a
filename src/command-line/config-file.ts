// Reads the configuration file for a command, and refuses with everything that is wrong in it.
import { readFileSync } from 'node:fs';
import { loadConfig } from '../config/load.ts';
import { describeProblem } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import { Refusal } from './refusal.ts';

/** @param file absent: all defaults @throws Refusal */
export function readConfig(file: string | undefined): Config {
  const loaded = loadConfig(file === undefined ? '' : readText(file), file ?? 'defaults');
  if ('config' in loaded) return loaded.config;
  throw new Refusal(loaded.problems.map(describeProblem).join('\n'));
}

/** @throws Refusal */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Refusal(`${file} cannot be read: ${code}`);
  }
}
