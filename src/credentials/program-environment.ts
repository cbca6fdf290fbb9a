// What a program that is asked for logins may see of our environment: where programs are, its home, the proxies, and what the
// cloud vendors' own tools go by. Everything else stays here.

export type Environment = Readonly<Record<string, string | undefined>>;

const NAMES = new Set([
  'PATH',
  'HOME',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
]);
const PREFIXES = ['AWS_', 'AZURE_', 'GOOGLE_'];

/** @param configured wins over what is there */
export function programEnvironment(
  environment: Environment,
  configured: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix))) passed[name] = value;
  }
  return { ...passed, ...configured };
}
