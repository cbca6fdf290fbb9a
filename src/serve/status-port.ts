// Opens the port of the status. It is a convenience, so that a port which somebody else has must not keep a replica from its
// admissions: that is said, and the replica goes on without.
import type { AddressInfo } from 'node:net';
import type { Logger } from '../telemetry/logger.ts';
import { stackOf } from '../telemetry/logger.ts';
import { createStatusServer, STATUS_HOST } from '../webhook/status.ts';
import { createStatus, type StatusOptions } from './status.ts';

export interface StatusPortOptions extends StatusOptions {
  /** 0: none. */
  readonly port: number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export interface StatusPort {
  close(): void;
}

export async function openStatusPort({ port, log, ...options }: StatusPortOptions): Promise<StatusPort> {
  if (port === 0) return { close: () => undefined };
  const server = createStatusServer({
    status: createStatus(options),
    onFault: (error) => log.error({ stack: stackOf(error) }, 'the status could not be told because of a fault of ours'),
  });
  await new Promise<void>((resolve) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      log.warn({ port, why: error.code }, 'the port of the status cannot be listened on, so there is none');
      resolve();
    });
    server.listen(port, STATUS_HOST, () => {
      log.info({ address: STATUS_HOST, port: (server.address() as AddressInfo).port }, 'the status is told here');
      resolve();
    });
  });
  return {
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
