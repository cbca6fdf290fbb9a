// Files in memory as the `Files` port: a test writes one and the watchers hear of it at once.
import type { Files } from '../../src/credentials/files.ts';

export interface MemoryFiles extends Files {
  write(path: string, content: string | undefined): void;
  /** How many watches are open. */
  watching(): number;
}

export function memoryFiles(initial: Readonly<Record<string, string>> = {}): MemoryFiles {
  const contents = new Map(Object.entries(initial));
  const watchers = new Set<readonly [path: string, onChange: () => void]>();
  return {
    async read(path) {
      const content = contents.get(path);
      if (content === undefined) throw Object.assign(new Error(`ENOENT ${path}`), { code: 'ENOENT' });
      return content;
    },
    watch(path, onChange) {
      const watcher = [path, onChange] as const;
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    write(path, content) {
      if (content === undefined) contents.delete(path);
      else contents.set(path, content);
      for (const [watched, onChange] of watchers) if (watched === path) onChange();
    },
    watching: () => watchers.size,
  };
}
