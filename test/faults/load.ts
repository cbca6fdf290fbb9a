// A steady load of Pod creates through the API server, offered by the clock and not by the answers, up to a bound on what is in
// flight: beyond it the machine is too slow for the rate, and a growing queue would show nothing else. It counts what a user
// would see, and never tries anything twice.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { PULL_SECRET, pod } from '../serve/installation.ts';

export interface LoadOptions {
  /** Creates offered in a second. */
  readonly perSecond: number;
  /** They take part, and hold the pull Secret already; used in turn. */
  readonly namespaces: readonly string[];
  /** One create in so many is real, the others are dry runs, which call the webhook just the same. Default: 10. */
  readonly realOneIn?: number;
  /**
   * What falls due while so many are in flight is never offered. Default: 40; the API server keeps 25 idle connections to a
   * webhook, and spends most of its time on TLS handshakes where far more are needed.
   */
  readonly inFlightMax?: number;
}

/** Times are those of performance.now(). */
export interface Outcome {
  readonly began: number;
  readonly ended: number;
  /** 0 if the API server did not answer. */
  readonly status: number;
  /** What the API server said; empty for a Pod that was created. */
  readonly message: string;
  readonly injected: boolean;
}

export interface LoadReport {
  readonly created: number;
  readonly failed: number;
  /** Created without the pull Secret in imagePullSecrets. */
  readonly unserved: number;
  /** Never offered, over the whole time, because too many were in flight. */
  readonly heldBack: number;
  /** Reached, in creates a second, over the whole time; and in each second. */
  readonly perSecond: number;
  readonly eachSecond: readonly number[];
  /** Milliseconds, of those that were created. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Failures by what the webhook's connection met, such as EOF; see `whyOf`. */
  readonly why: Readonly<Record<string, number>>;
}

export interface Load {
  /** The moment, to ask for what was in flight then or later. */
  mark(): number;
  inFlight(): number;
  /** Failures that were in flight at some moment from `from` to `to`. */
  failures(from?: number, to?: number): readonly Outcome[];
  /** About the creates that ended from `from` to `to`. */
  report(from?: number, to?: number): LoadReport;
  /** Offers no more, and resolves when everything has ended. */
  stop(): Promise<LoadReport>;
}

const TICK_MS = 5;
const LISTED = `"imagePullSecrets":[{"name":"${PULL_SECRET}"}]`;
let loads = 0;

export function startLoad(plane: ControlPlane, options: LoadOptions): Load {
  const { perSecond, namespaces, realOneIn = 10, inFlightMax = 40 } = options;
  const run = `load-${loads++}`;
  const create = opener(plane, inFlightMax);
  const outcomes: Outcome[] = [];
  const began = performance.now();
  let offered = 0;
  let heldBack = 0;
  let allEnded: () => void = () => undefined;
  let stopped: number | undefined;
  const offer = async (): Promise<void> => {
    const index = offered++;
    const dryRun = index % realOneIn === 0 ? '' : '?dryRun=All';
    const namespace = namespaces[index % namespaces.length];
    const path = `/api/v1/namespaces/${namespace}/pods${dryRun}`;
    outcomes.push(await create.post(path, JSON.stringify(pod(`${run}-${index}`, 'ghcr.io/acme/app:1'))));
    if (stopped !== undefined && outcomes.length === offered) allEnded();
  };
  const ticking = setInterval(() => {
    const due = ((performance.now() - began) * perSecond) / 1_000;
    while (offered + heldBack < due) {
      if (offered - outcomes.length < inFlightMax) void offer();
      else heldBack += 1;
    }
  }, TICK_MS);
  // The last ones end after the load was stopped, and count for what was offered before.
  const report = (from = began, to = Number.POSITIVE_INFINITY): LoadReport =>
    summarize(outcomes, { from, to, until: Math.min(to, stopped ?? performance.now()), heldBack });
  return {
    mark: () => performance.now(),
    inFlight: () => offered - outcomes.length,
    failures: (from = 0, to = Number.POSITIVE_INFINITY) =>
      outcomes.filter((outcome) => outcome.status !== 201 && outcome.ended >= from && outcome.began <= to),
    report,
    async stop() {
      clearInterval(ticking);
      const all = new Promise<void>((resolve) => (allEnded = resolve));
      stopped = performance.now();
      if (outcomes.length < offered) await all;
      create.close();
      return report();
    },
  };
}

/** What the connection to the webhook met: the last part of the API server's sentence. */
export function whyOf({ status, message }: Pick<Outcome, 'status' | 'message'>): string {
  const [, inner] = /failed to call webhook: (.*)$/s.exec(message) ?? [];
  if (inner === undefined) return `${status} ${message.slice(0, 120)}`;
  return inner.replace(/^Post "[^"]*": /, '').replace(/127\.0\.0\.1:\d+|\[::1\]:\d+/g, '…');
}

/** One line for people. */
export function describeLoad(report: LoadReport): string {
  const { created, failed, unserved, heldBack, perSecond, p50, p99, max, why } = report;
  const reasons = Object.entries(why).map(([what, count]) => `, ${count} × ${what}`);
  return (
    `${created} created, ${failed} failed${reasons.join('')}, ${unserved} without the pull Secret, ${heldBack} held back; ` +
    `${perSecond.toFixed(0)}/s, p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)}, max ${max.toFixed(0)} ms`
  );
}

interface Span {
  readonly from: number;
  readonly to: number;
  /** The end of the last second. */
  readonly until: number;
  readonly heldBack: number;
}

function summarize(outcomes: readonly Outcome[], { from, to, until, heldBack }: Span): LoadReport {
  const ended = outcomes.filter((outcome) => outcome.ended >= from && outcome.ended <= to);
  const created = ended.filter(({ status }) => status === 201);
  const times = created.map(({ began, ended }) => ended - began).sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const seconds = (until - from) / 1_000;
  const eachSecond = new Array<number>(Math.ceil(seconds)).fill(0);
  for (const { ended } of created) {
    const second = Math.min(eachSecond.length - 1, Math.floor((ended - from) / 1_000));
    eachSecond[second] = (eachSecond[second] ?? 0) + 1;
  }
  const why: Record<string, number> = {};
  for (const outcome of ended) {
    if (outcome.status !== 201) why[whyOf(outcome)] = (why[whyOf(outcome)] ?? 0) + 1;
  }
  return {
    created: created.length,
    failed: ended.length - created.length,
    unserved: created.filter(({ injected }) => !injected).length,
    heldBack,
    perSecond: created.length / seconds,
    ...{ eachSecond, p50: at(0.5), p99: at(0.99), max: at(1), why },
  };
}

interface Opener {
  post(path: string, body: string): Promise<Outcome>;
  close(): void;
}

/** As the administrator, over connections of its own: bytes in, a glance at the answer, nothing parsed. */
function opener({ server, kubeconfig }: ControlPlane, sockets: number): Opener {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const pem = (base64: string): string => Buffer.from(base64, 'base64').toString();
  const agent = new Agent({
    keepAlive: true,
    maxSockets: sockets,
    maxFreeSockets: sockets,
    ca: pem(clusters[0].cluster['certificate-authority-data']),
    cert: pem(users[0].user['client-certificate-data']),
    key: pem(users[0].user['client-key-data']),
  });
  const { hostname, port } = new URL(server);
  return {
    close: () => agent.destroy(),
    post: (path, body) =>
      new Promise((resolve) => {
        const began = performance.now();
        const end = (status: number, message: string, injected: boolean): void =>
          resolve({ began, ended: performance.now(), status, message, injected });
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
        const outgoing = request({ agent, hostname, port, path, method: 'POST', headers }, (answer) => {
          let text = '';
          answer.setEncoding('latin1');
          answer.on('data', (chunk: string) => (text += chunk));
          answer.on('error', (error) => end(0, error.message, false));
          answer.on('end', () => {
            const status = answer.statusCode ?? 0;
            end(status, status === 201 ? '' : messageOf(text), text.includes(LISTED));
          });
        });
        outgoing.on('error', (error) => end(0, error.message, false));
        outgoing.end(body);
      }),
  };
}

function messageOf(text: string): string {
  try {
    return String(JSON.parse(text).message);
  } catch {
    return text;
  }
}
