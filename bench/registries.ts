// The private registries of the benchmark: Pullpass has a credential for each, and the peers know their hosts. The names are all
// of one length, so that a review is as long whichever it uses. peers/go/decision/registries.go has the same.

export function registryName(index: number): string {
  return `registry-${String(index).padStart(4, '0')}.example.com`;
}

/** A docker config with a login for each, which nobody will ever try. */
export function dockerConfig(count: number): string {
  const auths: Record<string, object> = {};
  for (let i = 0; i < count; i++) auths[registryName(i)] = { username: 'robot', password: `fake-${i}` };
  return JSON.stringify({ auths });
}
