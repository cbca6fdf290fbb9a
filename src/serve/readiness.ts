// Ready is a latch: what the first request needs holds it back, and once it was there, its loss does not take ready away: a
// glitch of something that all replicas share would take them all out at once. Only the end of this replica does, or a
// certificate that nobody accepts any more.

const AWAITED = ['view', 'credentials', 'certificate'] as const;
export type Awaited = (typeof AWAITED)[number];

export interface Readiness {
  readonly ready: Promise<void>;
  /** That is there now. */
  arrived(what: Awaited): void;
  waitsFor(what: Awaited): boolean;
  /** Why it is not ready, in words; undefined: it is. */
  missing(): string | undefined;
}

export function createReadiness(draining: () => boolean, expired: () => boolean): Readiness {
  const awaited = new Set<Awaited>(AWAITED);
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    ready: promise,
    arrived(what) {
      awaited.delete(what);
      if (awaited.size === 0) resolve();
    },
    waitsFor: (what) => awaited.has(what),
    missing() {
      if (draining()) return 'draining';
      if (awaited.size > 0) return `waiting for ${[...awaited].join(', ')}`;
      return expired() ? 'the certificate has expired' : undefined;
    },
  };
}
