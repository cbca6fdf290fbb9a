// Keeps an owner's memory of one resource true for ever: a paged list, then a watch from where the list ended, resumed when
// it closes and begun anew when the API server has forgotten the place. It must never end by itself. The surprising rule:
// after a list the owner's own keys are compared with what was listed, so that an object which the owner learned of
// elsewhere is forgotten too when it is gone.
import type { ApiObject } from './api-object.ts';
import { type Backoff, backoff } from './backoff.ts';
import type { Client, Log } from './client.ts';
import { type Delivery, deliverTo, frames, keyOf, type Owner } from './delivery.ts';
import { type Listing, listAll, Refused } from './paged-list.ts';
import type { Time } from './time.ts';
import { ApiUnavailable } from './unavailable.ts';

/** The API server sends a bookmark about every minute, so longer silence means a dead connection. */
const INACTIVITY_MS = 150_000;
const WATCH_SECONDS = 240;
const GOOD_MS = 5_000;
/** Pages of 500 doubled the latency of the admissions beside them (part `memory` of the benchmarks). */
const RELIST_PAGE_SIZE = 100;
/** About what a page takes, so that admissions have the other half of the processor. */
const RELIST_REST_MS = 5;
/** After so many refusals in a row the place in the history is given up too: it may be what is refused. */
const REFUSALS_UNTIL_LIST = 5;

export interface WatchOptions<T> extends Owner<T>, Listing {
  readonly client: Pick<Client, 'call' | 'stream'>;
  readonly inactivityMs?: number;
  readonly time: Time;
  readonly log: Log;
}

export interface Watch {
  /** The first complete list has been delivered. */
  synced(): boolean;
  /** Never settles when the watch is stopped first. */
  readonly whenSynced: Promise<void>;
  /** Everything up to this resourceVersion has been delivered. */
  version(): string | undefined;
  callbackErrors(): number;
  stop(): Promise<void>;
}

interface WatchEvent {
  readonly type?: string;
  readonly object?: ApiObject & { readonly code?: number };
}

interface Course {
  readonly options: Omit<WatchOptions<never>, keyof Owner<never>>;
  readonly delivery: Delivery;
  readonly pause: Backoff;
  readonly signal: AbortSignal;
  /** Where the next watch begins; undefined: list first. */
  place: string | undefined;
  delivered: string | undefined;
  /** Taken since the current round began. */
  events: number;
  refusals: number;
  onListed(): void;
}

export function watchResource<T>(options: WatchOptions<T>): Watch {
  const stopping = new AbortController();
  const delivery = deliverTo(options, options.resource, options.log);
  const first = Promise.withResolvers<void>();
  let synced = false;
  const course: Course = {
    options,
    delivery,
    pause: backoff(options.time),
    signal: stopping.signal,
    place: undefined,
    delivered: undefined,
    events: 0,
    refusals: 0,
    onListed() {
      if (synced) return;
      synced = true;
      delivery.synced();
      first.resolve();
    },
  };
  const running = run(course);
  return {
    synced: () => synced,
    whenSynced: first.promise,
    version: () => course.delivered,
    callbackErrors: delivery.errors,
    stop() {
      stopping.abort();
      return running;
    },
  };
}

async function run(course: Course): Promise<void> {
  const { options, pause, signal } = course;
  while (!signal.aborted) {
    course.events = 0;
    let ended: 'late' | 'early' | 'broken' = 'broken';
    try {
      ended = await round(course);
    } catch (error) {
      if (!signal.aborted) fail(course, error);
    }
    if (course.events > 0 || ended === 'late') pause.reset();
    if (ended !== 'broken') course.refusals = 0;
    // A watch that ended in order goes on at once; one that broke, or ended as soon as it began, after a pause.
    const inOrder = ended === 'late' || (ended === 'early' && course.events > 0);
    if (!inOrder) await options.time.sleep(pause.next(), signal);
  }
}

/** One list when there is no place to go on from, and one watch. */
async function round(course: Course): Promise<'late' | 'early'> {
  const from = course.place ?? (await list(course));
  const began = course.options.time.now();
  await follow(course, from);
  return course.options.time.now() - began >= GOOD_MS ? 'late' : 'early';
}

/** Who lists anew answers admissions meanwhile, and each page holds them up while it is parsed. */
function pagesOf({ delivered, options, signal }: Course): Pick<Listing, 'pageSize' | 'rest'> {
  if (delivered === undefined) return {};
  return { pageSize: RELIST_PAGE_SIZE, rest: () => options.time.sleep(RELIST_REST_MS, signal) };
}

async function list(course: Course): Promise<string> {
  const { options, delivery, signal } = course;
  const keys = new Set<string>();
  const version = await listAll({ ...pagesOf(course), ...options }, signal, (object) => {
    delivery.list(object);
    keys.add(keyOf(object));
  });
  delivery.listed(keys, version);
  course.place = version;
  course.delivered = version;
  options.log.debug('listed', { resource: options.resource, objects: keys.size });
  course.onListed();
  return version;
}

async function follow(course: Course, from: string): Promise<void> {
  const { options, signal } = course;
  const { client, resource, path, inactivityMs = INACTIVITY_MS } = options;
  const timeoutSeconds = String(Math.round(WATCH_SECONDS * (1 + options.time.random())));
  const start = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: from, timeoutSeconds };
  for await (const event of client.stream({
    resource,
    path,
    query: { ...options.query, ...start },
    signal,
    inactivityMs,
  })) {
    if (signal.aborted) return;
    take(course, event as WatchEvent);
  }
}

function take(course: Course, { type, object = {} }: WatchEvent): void {
  const version = object.metadata?.resourceVersion;
  if (type === 'ERROR' || version === undefined)
    throw new Refused(`watch ${course.options.resource}`, object.code ?? 0);
  if (type === 'ADDED' || type === 'MODIFIED') course.delivery.set(object);
  if (type === 'DELETED') course.delivery.remove(object);
  course.place = version;
  course.delivered = version;
  course.events += 1;
}

function fail(course: Course, error: unknown): void {
  const { resource, log } = course.options;
  if (error instanceof Refused) {
    course.refusals += 1;
    if (error.status === 410 || course.refusals % REFUSALS_UNTIL_LIST === 0) course.place = undefined;
  }
  if (error instanceof ApiUnavailable && error.kind === 'unreadable') course.place = undefined;
  const ours = error instanceof Refused || error instanceof ApiUnavailable;
  const cause = ours ? { why: error.message } : { at: frames(error) };
  log.warn('a watch was interrupted and goes on', { resource, ...cause });
}
