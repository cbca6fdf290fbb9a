// Sends clients away without a loss. The API server never sends a review again that went into a connection which we were about to
// close, but one that was answered with 503 and `Retry-After: 0` it does. So an idle connection is not closed: it is given that
// answer. To a client that has just asked, it is the answer to that; one that has not takes the connection for spent and closes it.
import type { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { TLSSocket } from 'node:tls';

export interface Connections {
  /** Resolves when every client has gone, those included whose requests are under way, or after that many milliseconds. */
  dismiss(withinMs: number): Promise<void>;
}

const GO_ELSEWHERE =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

export function followConnections(server: Server): Connections {
  /** Each with its last answer, if there was one. */
  const open = new Map<TLSSocket, ServerResponse | undefined>();
  let gone: () => void = () => undefined;

  server.on('secureConnection', (socket) => {
    open.set(socket, undefined);
    socket.on('close', () => {
      open.delete(socket);
      if (open.size === 0) gone();
    });
  });
  server.on('request', ({ socket }, response) => {
    if (open.has(socket as TLSSocket)) open.set(socket as TLSSocket, response);
  });

  return {
    async dismiss(withinMs) {
      if (open.size === 0) return;
      for (const [socket, answer] of open)
        if (answer?.closed !== false && !socket.destroyed) socket.write(GO_ELSEWHERE);
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
