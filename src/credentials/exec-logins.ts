// When programs are asked for logins: at first, ahead of each expiry, at the interval that was configured where an answer says
// nothing about how long it holds, and with growing pauses after a failure, for ever. One call for each literal host of a
// credential, a few at a time. A failure takes no login away. It runs on the elected replica only, between `start` and `stop`.
import { isDeepStrictEqual } from 'node:util';
import type { ConfiguredCredential } from '../config/schema.ts';
import type { AskProgram } from './exec-answer.ts';
import { type HostAsker, type HostAskerPorts, type Known, openHostAsker } from './host-asker.ts';
import { groupByHost } from './literal-hosts.ts';
import type { SourceReading } from './source.ts';

export interface ExecLoginsOptions {
  /** The program of a credential; undefined: its logins do not come from a program. */
  readonly programOf: (settings: ConfiguredCredential) => AskProgram | undefined;
  /** What is kept of a pattern's login. */
  readonly known: (credential: string, pattern: string) => Known | undefined;
  readonly onReading: (credential: string, reading: SourceReading) => void;
  readonly onFailure: (credential: string, failure: string) => void;
  readonly now: () => number;
  /** At least 0 and below 1. */
  readonly random: () => number;
  /** Calls back after so many milliseconds, unless the function that is returned is called first. */
  readonly later: (ms: number, callback: () => void) => () => void;
}

export interface ExecLogins {
  /** What is unchanged keeps its schedule. */
  configure(configured: readonly ConfiguredCredential[]): void;
  start(): void;
  /** Programs that run are killed. */
  stop(): Promise<void>;
}

interface Asked {
  readonly settings: ConfiguredCredential;
  readonly hosts: readonly HostAsker[];
}

/** Programs at work at the same time. */
const PARALLEL = 4;

export function openExecLogins(options: ExecLoginsOptions): ExecLogins {
  let configured: readonly ConfiguredCredential[] = [];
  let asked: readonly Asked[] = [];
  let started = false;
  const turns = limit(PARALLEL);

  function open(settings: ConfiguredCredential): Asked {
    const ask = options.programOf(settings);
    const { name, source } = settings;
    if (ask === undefined || source.kind === 'dockerConfig') return { settings, hosts: [] };
    const ports: HostAskerPorts = {
      ...options,
      known: (pattern) => options.known(name, pattern),
      ask: (patterns, signal) => turns(() => ask(patterns, signal)),
      onChange: () => tell(asker),
      onFailure: (failure) => options.onFailure(name, failure),
    };
    const hosts = groupByHost(settings.match).map((patterns) => openHostAsker(patterns, source.refresh, ports));
    const asker = { settings, hosts };
    return asker;
  }

  /** All hosts of a credential make one reading, once each of them has something to say. */
  function tell({ settings, hosts }: Asked): void {
    const readings = hosts.map((host) => host.reading());
    const logins = new Map(readings.flatMap((reading) => [...(reading?.logins ?? [])]));
    const missing = new Map(readings.flatMap((reading) => [...(reading?.missing ?? [])]));
    const problems = readings.flatMap((reading) => reading?.problems ?? []);
    options.onReading(settings.name, { logins, missing, problems });
  }

  function configure(next: readonly ConfiguredCredential[]): void {
    configured = next;
    if (!started) return;
    const before = asked;
    asked = next.map((settings) => before.find((old) => isDeepStrictEqual(old.settings, settings)) ?? open(settings));
    for (const old of before) if (!asked.includes(old)) for (const host of old.hosts) host.stop();
    for (const added of asked) if (!before.includes(added)) for (const host of added.hosts) host.start();
  }

  return {
    configure,
    start() {
      if (started) return;
      started = true;
      configure(configured);
    },
    async stop() {
      started = false;
      for (const { hosts } of asked) for (const host of hosts) host.stop();
      asked = [];
    },
  };
}

function limit(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
