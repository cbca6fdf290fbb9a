// The command line: what is understood, and what is said to whoever mistyped.
import t from 'tap';
import { helpOf, wantsHelp } from '../../src/command-line/command.ts';
import { COMMANDS, findCommand, help } from '../../src/commands/commands.ts';
import { serveOptions } from '../../src/commands/serve.ts';

t.test('a command is found by its name, and the nearest is named to whoever mistyped', async (t) => {
  t.equal((await findCommand('serve').load()).spec.name, 'serve');
  t.throws(() => findCommand('serv'), {
    message: 'unknown command "serv", did you mean "serve"?; see pullpass --help',
  });
  t.throws(() => findCommand('constructor'), { message: /^unknown command "constructor"/ });
});

t.test('help is asked for anywhere, but not by the value of an option', async (t) => {
  t.ok(wantsHelp(['--help']));
  t.ok(wantsHelp(['--port', '1', '-h']));
  t.notOk(wantsHelp(['--config', 'help']));
  t.notOk(wantsHelp(['--', '--help']));
});

t.test('the help names each command, and that of each its options, their defaults and examples', async (t) => {
  for (const [name, entry] of Object.entries(COMMANDS)) {
    const { spec } = await entry.load();
    t.equal(spec.name, name);
    t.equal(spec.summary, entry.summary);
    t.match(help(), `  ${name} `);
    const text = helpOf(spec);
    for (const line of text.split('\n')) t.ok(line.length <= 120, `${name}: ${line}`);
    for (const [option, { default: byDefault }] of Object.entries(spec.options)) {
      t.match(text, new RegExp(`--${option}\\b`));
      if (typeof byDefault === 'string') t.match(text, `(default: ${byDefault})`);
    }
    t.ok(spec.examples.length > 0);
    for (const example of spec.examples) t.match(example, `pullpass ${name}`);
  }
});

t.test('options have their defaults', async (t) => {
  const { port, healthPort, drainMs, logLevel, service } = serveOptions([]);
  t.same([port, healthPort, drainMs, logLevel, service], [8443, 8080, 15_000, 'info', 'pullpass']);
});

const rows: readonly (readonly [readonly string[], RegExp])[] = [
  [['--prot', '1'], /^unknown option --prot, did you mean "port"\?; see pullpass serve --help$/],
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
