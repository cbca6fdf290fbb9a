// One TCP connection passed on to another, byte for byte and fault for fault, as a network does it: an end is passed on as an
// end, a reset as a reset, in both directions. It never ends or resets anything by itself, unless it is told to.
import { connect, type Socket } from 'node:net';

/** The first sign that a connection ends. 'reset' and 'refused' are the work of the far side, never of the relay. */
export interface Ended {
  readonly by: 'client' | 'server';
  readonly how: 'closed' | 'reset' | 'refused';
  /** The server ended it and the client had spoken last: it waited for an answer, if only to a handshake, and gets none. */
  readonly unanswered: boolean;
  /** Who broke the last silence of a second: of an idle connection, who wanted it closed. TLS has the other say goodbye too. */
  readonly wantedBy: 'client' | 'server';
}

export interface RelayOptions {
  /** On 127.0.0.1. */
  readonly serverPort: number;
  /** Milliseconds that every chunk, and the end, is held up in each direction; read for each of them. */
  readonly delayMs?: () => number;
  readonly onEnd?: (ended: Ended) => void;
}

export interface Relay {
  readonly client: Socket;
  /** The client waits for an answer. */
  waiting(): boolean;
  /** Nothing passes from now on. What arrives waits, as with TCP, which sends it again. */
  hold(): void;
  release(): void;
  /** Resets both sides. */
  reset(): void;
}

const SILENCE_MS = 1_000;

/** The client must have been accepted with `allowHalfOpen`. */
export function relay(client: Socket, { serverPort, delayMs = () => 0, onEnd }: RelayOptions): Relay {
  const server = connect({ host: '127.0.0.1', port: serverPort, allowHalfOpen: true, noDelay: true });
  client.setNoDelay(true);
  let ended = false;
  let lastSpeaker: Ended['by'] = 'server';
  let wantedBy: Ended['by'] = 'client';
  let lastHeard = Number.NEGATIVE_INFINITY;
  const hear = (by: Ended['by']): void => {
    if (performance.now() - lastHeard > SILENCE_MS) wantedBy = by;
    lastHeard = performance.now();
  };
  const end = (by: Ended['by'], how: Ended['how']): void => {
    hear(by);
    if (!ended) onEnd?.({ by, how, unanswered: by === 'server' && lastSpeaker === 'client', wantedBy });
    ended = true;
  };
  const speak = (by: Ended['by']) => (): void => {
    hear(by);
    lastSpeaker = by;
  };
  const toServer = forward(client, server, { delayMs, spoken: speak('client'), ended: () => end('client', 'closed') });
  const toClient = forward(server, client, { delayMs, spoken: speak('server'), ended: () => end('server', 'closed') });
  client.on('error', () => {
    end('client', 'reset');
    abort(server);
  });
  server.on('error', (error: NodeJS.ErrnoException) => {
    end('server', error.code === 'ECONNREFUSED' ? 'refused' : 'reset');
    abort(client);
  });
  return {
    client,
    waiting: () => lastSpeaker === 'client' && !ended,
    hold() {
      for (const way of [toServer, toClient]) way.hold();
    },
    release() {
      for (const way of [toServer, toClient]) way.release();
    },
    reset() {
      for (const socket of [client, server]) abort(socket);
    },
  };
}

/** After its end was sent, a connection can be closed but no more be reset: the runtime would keep it for ever. */
export function abort(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

interface Way {
  hold(): void;
  release(): void;
}

interface WayOptions {
  readonly delayMs: () => number;
  readonly spoken: () => void;
  readonly ended: () => void;
}

/** Keeps the order, also when the delay shrinks. */
function forward(from: Socket, to: Socket, { delayMs, spoken, ended }: WayOptions): Way {
  const queue: { readonly due: number; readonly act: () => void }[] = [];
  let held = false;
  let timer: NodeJS.Timeout | undefined;
  const pump = (): void => {
    clearTimeout(timer);
    for (let next = queue[0]; next !== undefined && !held; next = queue[0]) {
      const early = next.due - performance.now();
      if (early > 0) {
        timer = setTimeout(pump, Math.ceil(early));
        return;
      }
      queue.shift();
      next.act();
    }
  };
  const pass = (act: () => void): void => {
    const delay = delayMs();
    if (delay === 0 && queue.length === 0 && !held) {
      act();
      return;
    }
    queue.push({ due: performance.now() + delay, act });
    pump();
  };
  to.on('drain', () => from.resume());
  from.on('data', (chunk: Buffer) => {
    spoken();
    pass(() => void (to.write(chunk) || from.pause()));
  });
  from.on('end', () => {
    ended();
    pass(() => to.end());
  });
  return {
    hold() {
      held = true;
    },
    release() {
      held = false;
      pump();
    },
  };
}
