// What is counted and said of the credentials. A problem is said when it appears, not each time that something else changes.
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** What is in force of the credentials, and what is wrong with them; only what is read here. */
interface CatalogReport<P extends CatalogProblem> {
  readonly credentials: readonly { readonly name: string }[];
  readonly problems: readonly P[];
  readonly kept: ReadonlyMap<
    string,
    { readonly logins: ReadonlyMap<string, { readonly obtained?: number; readonly expires?: number }> }
  >;
}

interface CatalogProblem {
  readonly credential: string;
  readonly kind: string;
  readonly where: string;
  readonly problem: string;
}

/** @returns to be called with each new catalog; it returns the problems that are new */
export function createCatalogReport<P extends CatalogProblem>(
  log: Logger,
  metrics: Metrics,
): (catalog: CatalogReport<P>) => readonly P[] {
  let said = new Set<string>();
  let inForce: string | undefined;
  return (catalog) => {
    const names = catalog.credentials.map(({ name }) => name);
    if (names.join() !== inForce) log.info({ credentials: names }, 'credentials in force');
    inForce = names.join();
    const texts = catalog.problems.map((problem) => JSON.stringify(problem));
    const fresh = catalog.problems.filter((_, i) => !said.has(texts[i] ?? ''));
    for (const { credential, kind, where, problem } of fresh) {
      log.warn({ credential, kind, where, problem }, 'a credential has a problem');
    }
    said = new Set(texts);
    measure(catalog, metrics);
    return fresh;
  };
}

function measure({ credentials, problems, kept }: CatalogReport<CatalogProblem>, metrics: Metrics): void {
  metrics.credentials.set(credentials.length);
  metrics.credentialProblems.reset();
  for (const { kind } of problems) metrics.credentialProblems.inc({ kind });
  metrics.loginObtained.reset();
  metrics.loginExpiry.reset();
  for (const [credential, { logins }] of kept) {
    const all = [...logins.values()];
    const obtained = all.flatMap((login) => login.obtained ?? []);
    const expires = all.flatMap((login) => login.expires ?? []);
    if (obtained.length > 0) metrics.loginObtained.set({ credential }, Math.min(...obtained) / 1_000);
    if (expires.length > 0) metrics.loginExpiry.set({ credential }, Math.min(...expires) / 1_000);
  }
}
