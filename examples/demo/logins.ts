// The docker config of the demo, made at run time. The logins are fakes, and yet they must never be printed: a test searches
// the output for them.

export const LOGINS: Readonly<Record<string, { readonly username: string; readonly password: string }>> = {
  'ghcr.io': { username: 'demo', password: 'fake-password-for-ghcr' },
  'registry.example.com:5000': { username: 'demo', password: 'fake-password-for-example' },
  // What `docker login` leaves behind on most machines, and what must not reach for nginx.
  'https://index.docker.io/v1/': { username: 'demo', password: 'fake-password-for-the-hub' },
};

export function dockerConfig(): string {
  const entries = Object.entries(LOGINS).map(([registry, { username, password }]) => {
    return [registry, { auth: Buffer.from(`${username}:${password}`).toString('base64') }];
  });
  return JSON.stringify({ auths: Object.fromEntries(entries) });
}
