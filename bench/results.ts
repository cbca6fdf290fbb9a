// Keeps the results: one section for each part, with when, where and how it was taken. A run of one part leaves the sections of
// the others as they are.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { kubernetesVersion } from '../test/control-plane/binaries.ts';
import { canPin } from './pinning.ts';
import { PARTS, type Part, type Plan } from './plan.ts';

export interface Section {
  readonly part: Part;
  readonly title: string;
  /** Markdown. */
  readonly body: string;
}

const HEAD = `# Results

Made by \`npm run bench\`; [what the columns mean and how to repeat it](README.md). Each part was taken as its first lines say.
`;

const begin = (part: Part): string => `<!-- begin ${part} -->`;
const end = (part: Part): string => `<!-- end ${part} -->`;

export function formatSection({ title, body }: Section, plan: Plan, now: Date): string {
  return `## ${title}\n\n${circumstances(plan, now)}\n\n${body}`;
}

/** The other sections of the text stay, in the order of the parts. */
export function withSection(text: string, part: Part, section: string): string {
  const sections = PARTS.flatMap((other) => {
    const own = other === part ? section : sectionIn(text, other);
    return own === undefined ? [] : [`${begin(other)}\n\n${own}\n\n${end(other)}\n`];
  });
  return `${HEAD}\n${sections.join('\n')}`;
}

function sectionIn(text: string, part: Part): string | undefined {
  const [from, to] = [text.indexOf(begin(part)), text.indexOf(end(part))];
  return from < 0 || to < from ? undefined : text.slice(from + begin(part).length, to).trim();
}

export function keep(path: string, part: Part, section: string): void {
  writeFileSync(path, withSection(existsSync(path) ? readFileSync(path, 'utf8') : '', part, section));
}

function circumstances({ command, rounds, seconds }: Plan, now: Date): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${memory}`;
  const pinning = canPin() ? 'server and load pinned' : '**not pinned: `taskset` or a second core is missing**';
  return [
    `${now.toISOString().slice(0, 16).replace('T', ' ')} UTC, \`${command}\`: ${rounds} rounds of ${seconds} s.`,
    `${machine}, Linux ${release()}, ${pinning}.`,
    `Node ${process.version}, ${goVersion()}, Kubernetes ${kubernetesVersion()}.`,
  ].join('\n');
}

function goVersion(): string {
  try {
    return execFileSync('go', ['version'], { encoding: 'utf8' }).replace(/^go version go(\S+).*\n$/, 'Go $1');
  } catch {
    return 'no Go';
  }
}
