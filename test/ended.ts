// Loaded before each test file. A file whose tests have all ended must end too: what would keep it is said and then given up,
// since it could hold a whole run for minutes and show nothing. A process that still runs is a failure of the test. What a
// test forks loads this as well, and must not become a test.
const GRACE_MS = 20_000;

if (process.argv[1]?.endsWith('.test.ts')) {
  const { default: t } = await import('tap');
  t.on('end', () => {
    setTimeout(() => {
      const kept = process.getActiveResourcesInfo();
      process.stdout.write(`# kept open after the end: ${kept.join()}\n`);
      process.exit(kept.includes('ProcessWrap') ? 1 : process.exitCode);
    }, GRACE_MS).unref();
  });
}
