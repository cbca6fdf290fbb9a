// A program that floods the admission port over raw TLS connections and prints what came of it, as one line of JSON. It runs
// beside the test, on a core of its own, and does as little as it can: requests are made beforehand, of an answer only
// the status is read. Closed: each connection sends the next request when it has its answer. Open: requests are due at a
// rate whatever comes back, and what finds no free connection waits for one, as in an API server; that counts as its latency.
import { connect, type TLSSocket } from 'node:tls';
import { postOf, updatePostOf } from './reviews.ts';

export interface FloodOptions {
  readonly port: number;
  readonly namespace: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second; absent: closed. */
  readonly rate?: number;
  /** Sizes of bodies, each as often as it stands here. */
  readonly sizes: readonly number[];
  /** Of Deployments that are updated, instead of Pods that are created. */
  readonly updates?: boolean;
  /** Who has no answer by then has timed out. */
  readonly timeoutMs: number;
  /** No more than that many, all in all. */
  readonly requests?: number;
}

export interface Flooded {
  readonly sent: number;
  readonly seconds: number;
  /** By status; 0: the connection was cut, -1: no answer in time. */
  readonly answers: Readonly<Record<string, number>>;
  /** Answers 503 without a Retry-After. */
  readonly withoutRetryAfter: number;
  /** Milliseconds of all answers, and of those with 200. */
  readonly all: Latency;
  readonly served: Latency;
  /** Connections that were made, all in all. */
  readonly opened: number;
  /** Which part of its core this program needed. */
  readonly busy: number;
}

export interface Latency {
  readonly median: number;
  readonly p99: number;
  readonly worst: number;
}

interface Line {
  socket: TLSSocket;
  /** When the request that is under way was due; 0: none is. */
  due: number;
}

const CUT = '0';
const TIMED_OUT = '-1';

async function flood(options: FloodOptions): Promise<Flooded> {
  const { rate, timeoutMs, seconds, requests = Number.POSITIVE_INFINITY } = options;
  const makePost = options.updates ? updatePostOf : postOf;
  const posts = options.sizes.map((bytes) => makePost(options.namespace, bytes));
  const answers: Record<string, number> = {};
  const [all, served]: [number[], number[]] = [[], []];
  const waiting: number[] = [];
  let [head, made, done, withoutRetryAfter, opened, over] = [0, 0, 0, 0, 0, false];
  const free: Line[] = [];

  function count(status: string, due: number): void {
    answers[status] = (answers[status] ?? 0) + 1;
    done += 1;
    const ms = performance.now() - due;
    all.push(ms);
    if (status === '200') served.push(ms);
  }

  function next(line: Line): void {
    for (; head < waiting.length; head++) {
      const due = waiting[head] ?? 0;
      if (performance.now() - due < timeoutMs) {
        head++;
        send(line, due);
        return;
      }
      count(TIMED_OUT, due);
    }
    if (rate === undefined && !over && made < requests) {
      made++;
      send(line, performance.now());
    } else free.push(line);
  }

  let turn = 0;
  function send(line: Line, due: number): void {
    line.due = due;
    line.socket.write(posts[turn++ % posts.length] ?? '');
  }

  function open(line: Line): Promise<void> {
    opened++;
    let rest = '';
    const socket = connect({ port: options.port, host: '127.0.0.1', rejectUnauthorized: false });
    line.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      rest += chunk.toString('latin1');
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(rest)?.[1] ?? 0);
      if (rest.length < end + 4 + length) return;
      const status = rest.slice(9, 12);
      if (status === '503' && !/\r\nretry-after: \d/i.test(rest)) withoutRetryAfter++;
      rest = '';
      const { due } = line;
      line.due = 0;
      count(performance.now() - due > timeoutMs ? TIMED_OUT : status, due);
      next(line);
    });
    return new Promise((resolve, reject) => {
      // Who is refused a connection does not try for ever.
      socket.on('error', reject);
      socket.once('secureConnect', () => {
        resolve();
        socket.on('close', () => {
          if (line.due > 0) count(CUT, line.due);
          else free.splice(free.indexOf(line), 1);
          line.due = 0;
          if (!over) void open(line).then(() => next(line));
        });
      });
    });
  }

  const lines = Array.from({ length: options.connections }, (): Line => ({ socket: undefined as never, due: 0 }));
  for (const line of lines) await open(line);
  const began = performance.now();
  const cpu = process.cpuUsage();
  for (const line of lines) next(line);
  const until = began + seconds * 1_000;
  await new Promise<void>((resolve) => {
    const tick = setInterval(() => {
      const now = performance.now();
      const due =
        rate === undefined ? 0 : Math.min(requests, Math.floor(((Math.min(now, until) - began) / 1_000) * rate));
      for (; made < due; made++) waiting.push(began + ((made + 1) / (rate ?? 1)) * 1_000);
      for (
        let line = head < waiting.length ? free.pop() : undefined;
        line !== undefined;
        line = head < waiting.length ? free.pop() : undefined
      )
        next(line);
      over = now >= until || made >= requests;
      if (!over || (done < made && now < until + timeoutMs + 1_000)) return;
      clearInterval(tick);
      resolve();
    }, 1);
  });
  const spent = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  for (const { socket, due } of lines) {
    if (due > 0) answers[TIMED_OUT] = (answers[TIMED_OUT] ?? 0) + 1;
    socket.removeAllListeners('close');
    socket.destroy();
  }
  return {
    sent: made,
    seconds: spent,
    answers,
    withoutRetryAfter,
    all: latencyOf(all),
    served: latencyOf(served),
    opened,
    busy: (user + system) / 1e6 / spent,
  };
}

function latencyOf(times: number[]): Latency {
  times.sort((a, b) => a - b);
  const at = (part: number): number =>
    Math.round((times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0) * 100) / 100;
  return { median: at(0.5), p99: at(0.99), worst: at(1) };
}

const options: FloodOptions = JSON.parse(process.argv[2] ?? '{}');
process.stdout.write(`${JSON.stringify(await flood(options))}\n`);
