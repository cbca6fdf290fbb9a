// What the load program is asked for, and what it says of it: one line of JSON each. It is asked for several jobs at once where
// what they find is to be compared closely: it works on each for a moment, in turns.
import type { Target } from './line.ts';

export interface Job {
  /** For whoever reads what went wrong. */
  readonly name: string;
  readonly target: Target;
  /** Whose processor time is read: the server's. */
  readonly pid: number;
  /** A file with the requests, as JSON. It is read once. */
  readonly posts: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second, due by the clock whatever comes back; absent: each connection sends when it has its answer. */
  readonly rate?: number;
  /** At most so many, all in all. */
  readonly requests?: number;
  /** Another process whose processor time is read: the webhook that the server calls. */
  readonly behind?: number;
}

export interface Work {
  /** For the same time. Those of one server share its connections. */
  readonly jobs: readonly Job[];
  /** How long one is worked on before it is another's turn; absent: until it is done. */
  readonly turnSeconds?: number;
}

export interface Outcome {
  readonly requests: number;
  /** Of those, answered with 503: come again. Under an open load a server may say so, and its latency means little then. */
  readonly refused: number;
  /** When the first of them was sent, in milliseconds since the epoch: what was sent before, to verify it, is not timed. */
  readonly began: number;
  /** From the first request to the last answer; of several turns the sum of theirs. */
  readonly seconds: number;
  /** Of the server's processor, for each request. */
  readonly cpuUs: number;
  /** The same of the process behind it. */
  readonly behindCpuUs?: number;
  /** Milliseconds, from when a request was due. */
  readonly latency: Latency;
  /** Which part of its own processor the load needed: near 1, it could not offer more. */
  readonly busy: number;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Of each job, in their order. */
export type Reply = { readonly outcomes: readonly Outcome[] } | { readonly failed: string };
