// Every golden story goes through `inject` too: the same object comes out as of the webhook, for the same reasons.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { injectStory, readStory, STORIES } from './story.ts';

interface Report {
  readonly kind: string;
  readonly reason: string;
  readonly images: readonly { place: string; image: string; reason: string; credential?: string }[];
}

t.ok(STORIES.length >= 10, `${STORIES.length} stories`);
for (const name of STORIES) {
  t.test(name.replaceAll('-', ' '), async (t) => {
    const story = readStory(name);
    const { stdout, stderr, code } = await injectStory(story);
    t.equal(code, 0, stderr);
    const out = parse(readFileSync(join(story.folder, 'out.yaml'), 'utf8'));
    t.strictSame(parseAllDocuments(stdout).at(-1)?.toJS(), out, 'out.yaml');
    const reports: Report[] = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const report = reports.find(({ kind }) => kind === story.manifest.kind);
    const lines = (report?.images ?? []).map(({ place, image, reason, credential }) =>
      [place, image, reason, credential ?? ''].join('  ').trimEnd(),
    );
    const wanted = readFileSync(join(story.folder, 'report.txt'), 'utf8');
    t.equal([...lines, report?.reason, ''].join('\n'), wanted, 'report.txt');
  });
}
