// The command line: what is understood, and what is said to whoever mistyped.
import t from 'tap';
import { commandOf, HELP, rotateCaOptions, serveOptions, uninstallOptions } from '../src/arguments.ts';

t.test('commands', async (t) => {
  for (const args of [[], ['help'], ['--help'], ['serve', '-h'], ['rotate-ca', '--help']])
    t.equal(commandOf(args), 'help');
  t.equal(commandOf(['serve', '--config', 'help']), 'serve', 'a value is no command');
  t.equal(commandOf(['rotate-ca']), 'rotate-ca');
  t.equal(commandOf(['uninstall']), 'uninstall');
  t.throws(() => commandOf(['serv']), {
    message: 'unknown command "serv", did you mean "serve"?; see pullpass --help',
  });
  t.throws(() => commandOf(['rotate']), { message: /^unknown command "rotate"/ });
});

t.test('options have their defaults, and the help names each', async (t) => {
  const { port, healthPort, drainMs, logLevel, service } = serveOptions([]);
  t.same([port, healthPort, drainMs, logLevel, service], [8443, 8080, 15_000, 'info', 'pullpass']);
  t.equal(rotateCaOptions([]).namespace, 'pullpass-system');
  t.match(uninstallOptions([]), { namespace: 'pullpass-system', 'pull-secret': [] });
  for (const option of Object.keys({ ...serveOptions([]), ...uninstallOptions([]) })) {
    if (option.toLowerCase() === option && option !== 'help') t.match(HELP, `--${option}`);
  }
});

const rows: readonly (readonly [readonly string[], RegExp])[] = [
  [['--prot', '1'], /^unknown option --prot, did you mean "port"\?; see pullpass --help$/],
  [['--port', '70000'], /^--port "70000": wanted a whole number from 0 to 65535$/],
  [['--drain', '-1'], /./],
  [['--drain', '1.5'], /^--drain "1\.5": wanted a whole number from 0 to 3600$/],
  [['--log-level', 'loud'], /^--log-level "loud": wanted debug, info, warn or error$/],
  [['stray'], /stray/],
];
for (const [args, message] of rows) {
  t.test(args.join(' '), async (t) => {
    t.throws(() => serveOptions(args), { message });
  });
}
