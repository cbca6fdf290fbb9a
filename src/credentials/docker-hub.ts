// The one exception for Docker Hub: a login for all of it still leaves out `docker.io/library`, where the official public
// images are, unless the credential says otherwise. A docker config usually holds a Hub login, and a login that expired
// would break the pull of `nginx`, because a wrong login is never retried anonymously.
import { DOCKER_HUB } from '../core/image.ts';
import { type Pattern, parsePattern } from '../core/pattern.ts';

const LIBRARY = 'library';

/** @param except what the credential itself leaves out; undefined, not empty, if it says nothing about that */
export function exceptOf(patterns: readonly Pattern[], except: readonly Pattern[] | undefined): readonly Pattern[] {
  if (except !== undefined) return except;
  const onHub = patterns.filter(({ host, port }) => host.join('.') === DOCKER_HUB && port === undefined);
  const whole = onHub.some(({ path }) => path.length === 0);
  const asksForLibrary = onHub.some(({ path }) => path[0] === LIBRARY);
  if (!whole || asksForLibrary) return [];
  const library = parsePattern(`${DOCKER_HUB}/${LIBRARY}`);
  return library.ok ? [library.value] : [];
}
