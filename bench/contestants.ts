// The servers of one comparison, alike for the load: a name, a process, a port, and the requests for each size of review.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job, Outcome } from './job.ts';
import type { Load } from './loading.ts';
import { PEER_TITLES, type PeerName, startPeer } from './peers/peers.ts';
import { reviewPost } from './posts.ts';
import { type PullpassOptions, startPullpass } from './pullpass.ts';
import { dockerConfig } from './registries.ts';
import { makeReviews, type Place } from './reviews.ts';
import { type Site, writePosts } from './site.ts';

export interface Contestant {
  readonly name: string;
  readonly title: string;
  readonly pid: number;
  readonly port: number;
  /** Where its namespaces are, and what they may use. */
  readonly places: readonly [Place, ...Place[]];
  /** Its answers are not read, as it does not read what it is asked. */
  readonly isBlind: boolean;
}

/** So many different reviews of each size. */
export const REVIEWS = 64;
const PRIVATE_REGISTRIES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
const NAMESPACES = 8;
const CONNECTIONS = 32;
/** The same for all of them. */
const HOST = 'pullpass.pullpass-system.svc';

function placesOf(prefix: string): [Place, ...Place[]] {
  const place = (i: number): Place => ({ namespace: `${prefix}-${i}`, registries: PRIVATE_REGISTRIES });
  return [place(0), ...Array.from({ length: NAMESPACES - 1 }, (_, i) => place(i + 1))];
}

/** Pullpass with a docker config of so many entries, each for every namespace. The prefixes are of one length, as reviews must be. */
export async function enterPullpass(
  site: Site,
  credentials: number,
  prefix: string,
  how: Pick<PullpassOptions, 'flags' | 'program'> = {},
): Promise<Contestant> {
  const name = `pullpass-${credentials}`;
  const places = placesOf(prefix);
  const file = join(site.folder, `${name}-docker-config.json`);
  writeFileSync(file, dockerConfig(credentials));
  const { pid, port } = await startPullpass(site, { ...how, name, places, dockerConfigs: [file] });
  return { name, title: `**Pullpass**, ${credentials} credentials`, pid, port, places, isBlind: false };
}

export async function enterPeer(site: Site, name: PeerName, prefix: string): Promise<Contestant> {
  const places = placesOf(prefix);
  const namespaces = places.map(({ namespace }) => namespace);
  const options = { certificate: site.certificate, credentials: PRIVATE_REGISTRIES.length, namespaces };
  const { pid, port } = await startPeer(name, options, site.ending);
  return { name, title: PEER_TITLES[name], pid, port, places, isBlind: name === 'node-canned' };
}

export interface Offer {
  readonly kilobytes: number;
  readonly seconds: number;
  /** Requests a second; absent: as fast as it answers. */
  readonly rate?: number;
  /** Absent: one after the other. */
  readonly turnSeconds?: number;
}

/** @returns a way to measure contestants, which makes each set of reviews once */
export function measureWith(
  site: Site,
  load: Load,
): (contestants: readonly Contestant[], offer: Offer) => Promise<readonly Outcome[]> {
  const written = new Map<string, string>();

  function postsFor({ places, isBlind }: Contestant, kilobytes: number): string {
    const key = `${isBlind ? 'blind' : places[0].namespace}-${kilobytes}`;
    const known = written.get(key);
    if (known !== undefined) return known;
    const reviews = makeReviews({ bytes: kilobytes * 1_024, count: REVIEWS, places });
    const path = writePosts(
      site,
      key,
      reviews.map((review) => reviewPost(review, HOST, isBlind)),
    );
    written.set(key, path);
    return path;
  }

  function jobOf(contestant: Contestant, { kilobytes, seconds, rate }: Offer): Job {
    const { name, pid, port } = contestant;
    return {
      name: `${name}, ${kilobytes} KB`,
      target: { port },
      posts: postsFor(contestant, kilobytes),
      ...{ pid, connections: CONNECTIONS, seconds },
      ...(rate === undefined ? {} : { rate }),
    };
  }

  return (contestants, offer) => {
    const jobs = contestants.map((contestant) => jobOf(contestant, offer));
    const { turnSeconds } = offer;
    return load.alternate({ jobs, ...(turnSeconds === undefined ? {} : { turnSeconds }) });
  };
}
