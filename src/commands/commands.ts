// Every command by its name: what it is for, and how it is loaded, which only the one that was asked for is.

import type { CommandSpec } from '../command-line/command.ts';
import { Refusal } from '../command-line/refusal.ts';
import type { Runtime } from '../command-line/runtime.ts';
import { suggestion } from '../config/nearest.ts';

export interface Command {
  readonly spec: CommandSpec;
  /** @returns the exit code; nothing, if it ends by itself later */
  run(runtime: Runtime, args: readonly string[]): Promise<number | undefined>;
}

interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
  serve: {
    summary: 'the admission webhook',
    load: async () => {
      const { SERVE: spec, run } = await import('./serve.ts');
      return { spec, run };
    },
  },
  status: {
    summary: 'credentials and namespaces, as the elected replica knows them',
    load: async () => {
      const { STATUS: spec, run } = await import('./status.ts');
      return { spec, run };
    },
  },
  inject: {
    summary: 'adds the pull Secret to manifests, without a cluster',
    load: async () => {
      const { INJECT: spec, run } = await import('./inject.ts');
      return { spec, run };
    },
  },
  explain: {
    summary: 'why an object gets, or does not get, the pull Secret',
    load: async () => {
      const { EXPLAIN: spec, run } = await import('./explain.ts');
      return { spec, run };
    },
  },
  check: {
    summary: 'whether Pullpass can be installed, or works, and what to do if not',
    load: async () => {
      const { CHECK: spec, run } = await import('./check.ts');
      return { spec, run };
    },
  },
  'rotate-ca': {
    summary: 'a new CA, without a moment in which nobody trusts it',
    load: async () => {
      const { ROTATE_CA: spec, run } = await import('./rotate-ca.ts');
      return { spec, run };
    },
  },
  uninstall: {
    summary: 'takes away what Pullpass made itself, once no replica runs any more',
    load: async () => {
      const { UNINSTALL: spec, run } = await import('./uninstall.ts');
      return { spec, run };
    },
  },
};

/** @throws Refusal */
export function findCommand(name: string): Entry {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry !== undefined) return entry;
  throw new Refusal(`unknown command "${name}"${suggestion(name, Object.keys(COMMANDS))}; see pullpass --help`);
}

export function help(): string {
  const names = Object.entries(COMMANDS);
  const width = Math.max(...names.map(([name]) => name.length));
  return [
    'pullpass: private images just pull',
    ...['', 'Usage:', '  pullpass COMMAND [options]', '', 'Commands:'],
    ...names.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    ...['', 'pullpass COMMAND --help shows the options of one, and examples.'],
    ...['', 'Exit codes: 0 done, 1 failed or something is wrong, 2 wrong usage or a refused configuration.', ''],
  ].join('\n');
}
