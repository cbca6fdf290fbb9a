// When programs are asked for logins: at first, ahead of each expiry, at the interval that was configured where an answer says
// nothing about how long it holds, and with growing pauses after a failure, for ever. One call for each literal host of a
// credential, a few at a time. A failure takes no login away. It runs on the elected replica only, between `start` and `stop`.
import { isDeepStrictEqual } from 'node:util';
import type { ConfiguredCredential } from '../config/schema.ts';
import type { Pattern } from '../core/pattern.ts';
import { takeTurns } from '../core/turns.ts';
import { type AskProgram, failed } from './exec-answer.ts';
import { type AskerState, type HostAsker, type HostAskerPorts, type Known, openHostAsker } from './host-asker.ts';
import { groupByHost } from './literal-hosts.ts';
import type { SourceReading } from './source.ts';

export interface ExecLoginsOptions {
  /** The program of a credential; undefined: its logins do not come from a program. */
  readonly programOf: (settings: ConfiguredCredential) => AskProgram | undefined;
  /** What that program goes by when it is asked about these patterns, as a digest. */
  readonly askedWith: (settings: ConfiguredCredential, patterns: readonly Pattern[]) => string;
  /** What is kept of a pattern's login. */
  readonly known: (credential: string, pattern: string) => Known | undefined;
  readonly onReading: (asked: ConfiguredCredential, reading: SourceReading) => void;
  readonly onFailure: (credential: string, failure: string) => void;
  readonly now: () => number;
  /** At least 0 and below 1. */
  readonly random: () => number;
  /** Calls back after so many milliseconds, unless the function that is returned is called first. */
  readonly later: (ms: number, callback: () => void) => () => void;
}

export interface ExecLogins {
  /** What is unchanged keeps its schedule; what is new is asked at once. */
  configure(configured: readonly ConfiguredCredential[]): void;
  start(): void;
  /** Programs that run are killed. Resolves when none runs any more. */
  stop(): Promise<void>;
  /** Asks for one credential, or for all of them, now. */
  refresh(credential?: string): Promise<void>;
  /** By the name of the credential, of its host that is worst off. */
  states(): ReadonlyMap<string, AskerState>;
}

interface Asked {
  readonly settings: ConfiguredCredential;
  readonly hosts: readonly HostAsker[];
}

/** Programs at work at the same time. */
const PARALLEL = 4;
const STOPPED = failed('stopped', 'it was stopped');

export function openExecLogins(options: ExecLoginsOptions): ExecLogins {
  let configured: readonly ConfiguredCredential[] = [];
  let asked: readonly Asked[] = [];
  let started = false;
  const turns = takeTurns(PARALLEL);

  function open(settings: ConfiguredCredential): Asked {
    const ask = options.programOf(settings);
    const { name, source } = settings;
    if (ask === undefined || source.kind === 'dockerConfig') return { settings, hosts: [] };
    const ports: Omit<HostAskerPorts, 'askedWith'> = {
      ...options,
      known: (pattern) => options.known(name, pattern),
      // Whoever was stopped while it waited for its turn asks no more.
      ask: (patterns, signal) => turns(async () => (signal.aborted ? STOPPED : ask(patterns, signal))),
      onChange: () => tell(asker),
      onFailure: (failure) => options.onFailure(name, failure),
    };
    const hosts = groupByHost(settings.match).map((patterns) =>
      openHostAsker(patterns, source.refresh, { ...ports, askedWith: options.askedWith(settings, patterns) }),
    );
    const asker = { settings, hosts };
    return asker;
  }

  /** All hosts of a credential make one reading; one that has not answered yet says nothing in it. */
  function tell({ settings, hosts }: Asked): void {
    const readings = hosts.map((host) => host.reading());
    const logins = new Map(readings.flatMap((reading) => [...(reading?.logins ?? [])]));
    const missing = new Map(readings.flatMap((reading) => [...(reading?.missing ?? [])]));
    const problems = readings.flatMap((reading) => reading?.problems ?? []);
    options.onReading(settings, { logins, missing, problems });
  }

  function ask(next: readonly ConfiguredCredential[], atOnce: boolean): void {
    const before = asked;
    asked = next.map((settings) => before.find((old) => asksTheSame(old.settings, settings)) ?? open(settings));
    for (const old of before) if (!asked.includes(old)) for (const host of old.hosts) void host.stop();
    for (const added of asked) if (!before.includes(added)) for (const host of added.hosts) host.start(atOnce);
  }

  return {
    configure(next) {
      configured = next;
      // What is kept was given to the settings before: whoever changes them wants to see what comes of it.
      if (started) ask(next, true);
    },
    start() {
      if (started) return;
      started = true;
      ask(configured, false);
    },
    async stop() {
      started = false;
      const hosts = asked.flatMap((credential) => credential.hosts);
      asked = [];
      await Promise.all(hosts.map((host) => host.stop()));
    },
    async refresh(credential) {
      const meant = asked.filter(({ settings }) => credential === undefined || settings.name === credential);
      await Promise.all(meant.flatMap(({ hosts }) => hosts.map((host) => host.refresh())));
    },
    states() {
      const programs = asked.filter(({ hosts }) => hosts.length > 0);
      return new Map(programs.map(({ settings, hosts }) => [settings.name, worst(hosts.map((host) => host.state()))]));
    },
  };
}

function worst(states: readonly AskerState[]): AskerState {
  const successes = states.map(({ lastSuccess }) => lastSuccess);
  const attempts = states.flatMap(({ nextAttempt }) => nextAttempt ?? []);
  return {
    lastSuccess: successes.includes(undefined) ? undefined : Math.min(...successes.flatMap((at) => at ?? [])),
    nextAttempt: attempts.length === 0 ? undefined : Math.min(...attempts),
    failures: Math.max(...states.map(({ failures }) => failures)),
  };
}

/** Who may use a credential does not change what a program answers. */
function asksTheSame(a: ConfiguredCredential, b: ConfiguredCredential): boolean {
  return isDeepStrictEqual([a.name, a.match, a.source], [b.name, b.match, b.source]);
}
