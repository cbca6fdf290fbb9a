// Makes sure that the pull Secret is in a namespace before an object that needs it is admitted. In the steady state it is
// known to be there and nothing is called. Concurrent requests for one namespace share one write; a request leaves at its
// deadline while the write goes on. It never writes over a Secret that is not ours, and never by force: a write either
// creates what is missing or rewrites exactly the object that was seen.
import { planEnsure } from '../core/ensure-plan.ts';
import type { Policy } from '../core/policy.ts';
import { isPullSecretType, pullSecretMetadata } from '../core/pull-secret.ts';
import type { EnsureReason } from '../core/reason.ts';
import { encodeData, type Need, type Rendering, type Renderings } from '../core/rendering.ts';
import type { Labels } from '../core/selector.ts';
import type { PullSecretState } from '../core/surroundings.ts';
import type { Soon } from './soon.ts';

export interface PullSecretWrite {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  /** Base64 by key. */
  readonly data: Labels;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Rewrite exactly this object; absent: create, and fail if anything is there. */
  readonly seen?: PullSecretState;
}

export type WriteFailure = 'conflict' | 'terminating' | 'quota' | 'forbidden' | 'unavailable';
export type WriteOutcome = { readonly written: PullSecretState } | { readonly failed: WriteFailure };

/** The cluster as this needs it. */
export interface EnsurePorts {
  /** The pull Secret of a namespace as far as the watches know. */
  present(namespace: string): PullSecretState | undefined;
  /** Reads it from the API server and lets `present` know. Rejects if that cannot be done. */
  refresh(namespace: string): Promise<void>;
  /** Writes, and lets `present` know what was written. */
  write(request: PullSecretWrite): Promise<WriteOutcome>;
  /** Resolves after that many milliseconds; never rejects. It ends early when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
}

/** The credentials in force, and what they make of a pull Secret. Both change together, so they travel together. */
export interface CredentialsInForce {
  readonly policy: Policy;
  readonly renderings: Renderings;
}

export interface EnsureRequest {
  readonly namespace: string;
  readonly labels: Labels;
  /** The patterns that the decision chose. */
  readonly needs: readonly Need[];
  /** Milliseconds that the request may still wait. */
  readonly timeoutMs: number;
}

/** At once where there is nothing to do. */
export type Ensure = (request: EnsureRequest, inForce: CredentialsInForce) => Soon<EnsureReason>;

const ATTEMPTS = 3;
/** A namespace where a write just failed is not tried again by every Pod of a large rollout. */
const REMEMBER_FAILURE_MS = 1_000;

export function createEnsure(ports: EnsurePorts): Ensure {
  const flights = new Map<string, Promise<EnsureReason>>();
  const failures = new Map<string, { readonly reason: EnsureReason; readonly until: number }>();

  /** One write at a time in a namespace; whoever comes meanwhile waits for it and then looks again. */
  async function ensure(request: EnsureRequest, { renderings }: CredentialsInForce): Promise<EnsureReason> {
    const { namespace, needs } = request;
    let outcome: EnsureReason = 'conflict';
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const present = ports.present(namespace);
      const rendering = renderingFor(present, request, renderings);
      const plan = planEnsure(present, needs, rendering);
      if (plan.act === 'nothing') return attempt === 0 ? plan.reason : outcomeOf(plan.reason, outcome);
      const failure = failures.get(namespace);
      if (failure !== undefined && failure.until > ports.now()) return failure.reason;
      const seen = plan.act === 'rewrite' ? plan.seen : undefined;
      outcome = await (flights.get(namespace) ?? takeOff(namespace, renderings, rendering, seen));
      if (outcome !== 'conflict' && outcome !== 'created' && outcome !== 'rewritten') return outcome;
    }
    if (outcome === 'conflict') remember(namespace, outcome);
    return outcome;
  }

  function takeOff(
    namespace: string,
    renderings: Renderings,
    rendering: Rendering,
    seen: PullSecretState | undefined,
  ): Promise<EnsureReason> {
    const flight = fly(namespace, renderings, rendering, seen).finally(() => flights.delete(namespace));
    flights.set(namespace, flight);
    return flight;
  }

  async function fly(
    namespace: string,
    renderings: Renderings,
    rendering: Rendering,
    seen: PullSecretState | undefined,
  ): Promise<EnsureReason> {
    const outcome = await write(namespace, renderings, rendering, seen);
    if (outcome === 'created' || outcome === 'rewritten') failures.delete(namespace);
    else if (outcome === 'conflict') await ports.refresh(namespace).catch(() => undefined);
    else remember(namespace, outcome);
    return outcome;
  }

  async function write(
    namespace: string,
    { settings }: Renderings,
    { content }: Rendering,
    seen: PullSecretState | undefined,
  ): Promise<EnsureReason> {
    if (content === undefined) return 'too-large';
    const outcome = await ports.write({
      namespace,
      name: settings.name,
      type: content.type,
      data: { [content.dataKey]: encodeData(content.value) },
      ...pullSecretMetadata(settings, content),
      ...(seen === undefined ? {} : { seen }),
    });
    if ('failed' in outcome) return outcome.failed;
    return seen === undefined ? 'created' : 'rewritten';
  }

  function remember(namespace: string, reason: EnsureReason): void {
    const now = ports.now();
    for (const [known, { until }] of failures) if (until <= now) failures.delete(known);
    failures.set(namespace, { reason, until: now + REMEMBER_FAILURE_MS });
  }

  return (request, inForce) => {
    const present = ports.present(request.namespace);
    const known = planEnsure(present, request.needs, renderingFor(present, request, inForce.renderings));
    if (known.act === 'nothing') return known.reason;
    const answered = new AbortController();
    const late = ports.sleep(Math.max(0, request.timeoutMs), answered.signal).then((): EnsureReason => 'deadline');
    return Promise.race([ensure(request, inForce), late]).finally(() => answered.abort());
  };
}

/** The type of a Secret is immutable: one that is there keeps its own until sync replaces it. */
function renderingFor(
  present: PullSecretState | undefined,
  { labels }: EnsureRequest,
  renderings: Renderings,
): Rendering {
  return present !== undefined && isPullSecretType(present.type)
    ? renderings.of(labels, present.type)
    : renderings.of(labels);
}

/** A second look that finds the Secret in order owes that to the write it waited for. */
function outcomeOf(found: EnsureReason, outcome: EnsureReason): EnsureReason {
  return found === 'present' && outcome !== 'conflict' ? outcome : found;
}
