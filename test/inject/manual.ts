// Scripts that read as a page of a manual: `# ` says what follows, `$ ` is a command, below it stand what it prints, `! ` in front
// of what it says on standard error, and its exit code if it is not 0.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
export const FILES = join(import.meta.dirname, 'manual', 'files');

/** A folder for PATH in which `pullpass` is the program as it is installed. */
export function installed(teardown: (end: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-'));
  teardown(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(ROOT, 'dist', 'pullpass.mjs'), join(folder, 'pullpass'));
  return [folder, dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);
}

/** @returns its answer as it stands in a script */
export function answerTo(command: string, path: string, cwd = FILES): Promise<string> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', command], { cwd, env: { PATH: path }, timeout: 60_000 }, (error, stdout, stderr) => {
      const said = stderr.split('\n').slice(0, -1);
      const code = error === null ? [] : [`exit ${error.code}`];
      resolve([stdout.replace(/\n$/, ''), ...said.map((line) => `! ${line}`), ...code].filter(Boolean).join('\n'));
    });
  });
}

/** The script as it should be. */
export async function rerun(script: string, path: string): Promise<string> {
  const kept = script.split('\n').filter((line, i, all) => isWritten(line, all[i - 1]));
  const lines = kept.map(async (line) => {
    if (!line.startsWith('$ ')) return line;
    return [line, await answerTo(line.slice(2), path)].filter(Boolean).join('\n');
  });
  return `${(await Promise.all(lines)).join('\n\n')}\n`.replaceAll(/(^# .*)\n\n(?=# )/gm, '$1\n');
}

/** By a person, and not by a run: commands, and what is said above them. */
function isWritten(line: string, before: string | undefined): boolean {
  if (line.startsWith('$ ')) return true;
  return line.startsWith('# ') && (before === undefined || before === '' || before.startsWith('# '));
}
