// Which keys of a pull Secret the kubelet tries for an image, in its order (pkg/credentialprovider/keyring.go): all that match,
// sorted in reverse as strings. Held to the kubelet's own code by a test. The fallback key of Docker Hub is not known here:
// Pullpass never writes it.
import type { ImageReference } from './image.ts';
import { coversHost, splitPort } from './pattern.ts';

/** @param keys of one docker config @returns those whose logins are tried, the first first */
export function keysTried(keys: Iterable<string>, image: ImageReference): readonly string[] {
  const matching = [...keys].flatMap((key) => {
    const read = readKey(key);
    return matches(read, image) ? [{ key, sorts: read.host + read.path }] : [];
  });
  return matching.sort((a, b) => (a.sorts < b.sorts ? 1 : -1)).map(({ key }) => key);
}

interface ReadKey {
  readonly host: string;
  readonly path: string;
}

/** A leading `/v1/` or `/v2/` loses its first three characters, and a lone `/` is no path. */
function readKey(key: string): ReadKey {
  const bare = key.replace(/^https?:\/\//, '');
  const slash = bare.indexOf('/');
  if (slash < 0) return { host: bare, path: '' };
  const path = bare.slice(slash);
  const kept = /^\/v[12]\//.test(path) ? path.slice(3) : path;
  return { host: bare.slice(0, slash), path: kept === '/' ? '' : kept };
}

function matches({ host, path }: ReadKey, image: ImageReference): boolean {
  const [name, port] = splitPort(host);
  const labels = name.startsWith('[') ? [name] : name.split('.');
  const pattern = { text: host, host: labels, port, path: [], below: false };
  return coversHost(pattern, image.host) && `/${image.repository}`.startsWith(path);
}
