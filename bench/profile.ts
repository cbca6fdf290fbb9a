// What a processor profile of V8 says of the phases of an admission. Each sample belongs to the innermost phase that it lies in, by
// the name of the function that the phase begins with; the bundle keeps names.

/** As `node --cpu-prof` writes it; only what is read here. Times in microseconds. */
export interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Phases by the functions that they begin with. */
const PHASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    readHead: 'the head of the request',
    scanJson: 'the scan of the review',
    parseReview: 'the scan of the review',
    ofValue: 'the subject',
    admit: 'the decision',
    observeAnswer: 'counters and log',
    formatAnswer: 'the answer',
    writeResponse: 'sending: TLS, system calls',
    '(garbage collector)': 'garbage collection',
  }),
);
export const REST = 'reading: TLS, streams, the gate; promises';
const IDLE = '(idle)';

/** @param lastMs only so many milliseconds at the end count @returns the part of each phase, of the time that was worked, largest first */
export function phasesOf(
  { nodes, samples, timeDeltas }: Profile,
  lastMs: number,
): readonly (readonly [string, number])[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const phases = new Map<number, string>();

  function phaseOf(id: number): string {
    const known = phases.get(id);
    if (known !== undefined) return known;
    const parent = parents.get(id);
    const phase = PHASES.get(names.get(id) ?? '') ?? (parent === undefined ? REST : phaseOf(parent));
    phases.set(id, phase);
    return phase;
  }

  const spent = new Map<string, number>();
  let left = lastMs * 1_000;
  for (let i = samples.length - 1; i >= 0 && left > 0; i--) {
    const [id = 0, time = 0] = [samples[i], timeDeltas[i]];
    left -= time;
    if (names.get(id) === IDLE) continue;
    spent.set(phaseOf(id), (spent.get(phaseOf(id)) ?? 0) + time);
  }
  const all = [...spent.values()].reduce((sum, time) => sum + time, 0);
  return [...spent].map(([phase, time]) => [phase, time / all] as const).sort(([, a], [, b]) => b - a);
}
