// Colours are for people at a terminal.
import t from 'tap';
import { paintWith, wantsColours } from '../../src/command-line/paint.ts';

t.test('they are there only on a terminal, and never with NO_COLOR', async (t) => {
  t.ok(wantsColours(true, { TERM: 'xterm' }));
  t.ok(wantsColours(true, { NO_COLOR: '' }), 'an empty one says nothing');
  t.notOk(wantsColours(true, { NO_COLOR: '1' }));
  t.notOk(wantsColours(true, { TERM: 'dumb' }));
  t.notOk(wantsColours(false, { TERM: 'xterm' }));
});

t.test('without them a text stays as it is', async (t) => {
  for (const paint of Object.values(paintWith(false))) t.equal(paint('text'), 'text');
  for (const paint of Object.values(paintWith(true))) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour is
    t.match(paint('text'), /^\u001b\[\d+mtext\u001b\[0m$/);
  }
});
