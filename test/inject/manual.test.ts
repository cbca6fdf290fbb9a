// The pages of the manual, run with the program as it is installed. `UPDATE_MANUAL=1` writes them anew; the diff is the review.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { installed, rerun } from './manual.ts';

const FOLDER = join(import.meta.dirname, 'manual');
const pages = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
const path = installed((end) => t.teardown(end));

for (const page of pages) {
  t.test(page.replace(/^\d-|\.txt$/g, ''), async (t) => {
    const script = readFileSync(join(FOLDER, page), 'utf8');
    const now = await rerun(script, path);
    if (process.env.UPDATE_MANUAL === '1') writeFileSync(join(FOLDER, page), now);
    else t.equal(now, script);
    t.ok(script.split('\n').filter((line) => line.startsWith('$ ')).length >= 5, 'there are commands in it');
  });
}
