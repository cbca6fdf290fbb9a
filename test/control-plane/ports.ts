// Ports on loopback for processes that may have to come back on the same port after a kill. They lie below the range from
// which the system takes ports for outgoing connections: one of those would sit on the port in the meantime.
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 200;
/** Each process has a stretch of its own first, or two that begin at once might be given the same one. */
const STRETCH = 100;
const OWN = LOWEST + (process.pid % ((HIGHEST - LOWEST) / STRETCH)) * STRETCH;

/** By this process: who has one may begin to use it later, or stop for a while. */
const given = new Set<number>();

/** Held all at once and given back together, so that they differ; another process may still take one before it is used. */
export async function freePorts(count: number): Promise<number[] & [number, number, number, number]> {
  const held = new Map<number, Server>();
  for (let tried = 0; tried < TRIES && held.size < count; tried += 1) {
    const port = tried < TRIES / 2 ? randomInt(OWN, OWN + STRETCH) : randomInt(LOWEST, HIGHEST);
    const server = given.has(port) ? undefined : await hold(port);
    if (server !== undefined) held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  if (held.size < count) throw new Error(`127.0.0.1 has no ${count} free ports between ${LOWEST} and ${HIGHEST}`);
  for (const port of held.keys()) given.add(port);
  return [...held.keys()] as number[] & [number, number, number, number];
}

function hold(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
