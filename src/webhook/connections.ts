// Which connections there are, and on which of them a request is under way. And it sends clients away without a loss. The API server
// never sends a review again that went into a connection which we were about to close, but one that was answered with 503 and
// `Retry-After: 0` it does. So an idle connection is not closed: it is given that answer. To a client that has just asked, it is
// the answer to that; one that has not takes the connection for spent and closes it.
import type { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface Connections {
  /** A request has come, which Node does not know of. */
  asked(socket: Socket): void;
  /** It has its answer. */
  answered(socket: Socket): void;
  /** Resolves when every client has gone, those included whose requests are under way, or after that many milliseconds. */
  dismiss(withinMs: number): Promise<void>;
}

const GO_ELSEWHERE =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

export function followConnections(server: Server): Connections {
  const open = new Set<TLSSocket>();
  /** Apart: what Node knows of one request may come when the next one is under way already. */
  const answering = { byNode: new Set<Socket>(), byHand: new Set<Socket>() };
  let gone: () => void = () => undefined;

  server.on('secureConnection', (socket) => {
    open.add(socket);
    socket.on('close', () => {
      open.delete(socket);
      answering.byNode.delete(socket);
      answering.byHand.delete(socket);
      if (open.size === 0) gone();
    });
  });
  // One listener for all: to keep the answers themselves would make each of them live as long as its connection is idle.
  function closed(this: ServerResponse): void {
    answering.byNode.delete(this.req.socket);
  }
  server.on('request', ({ socket }, response) => {
    answering.byNode.add(socket);
    response.on('close', closed);
  });

  function isIdle(socket: Socket): boolean {
    return !socket.destroyed && !answering.byNode.has(socket) && !answering.byHand.has(socket);
  }

  // On close Node would end those that are idle as far as it knows.
  server.closeIdleConnections = () => {
    for (const socket of open) if (isIdle(socket)) socket.destroy();
  };

  return {
    asked: (socket) => void answering.byHand.add(socket),
    answered: (socket) => void answering.byHand.delete(socket),
    async dismiss(withinMs) {
      if (open.size === 0) return;
      for (const socket of open) if (isIdle(socket)) socket.write(GO_ELSEWHERE);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        gone = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
