// Text to configuration: all of it or none. Everything wrong is reported at once, in the order of the file, so that one
// run is enough to mend it. It reads no file itself, and an empty text is the configuration of all defaults.
import { dirname, isAbsolute, join } from 'node:path';
import { explainIssue, type Finding } from './issue.ts';
import { formatPath, type Problem } from './problem.ts';
import { relationFindings } from './relations.ts';
import { type Config, type ConfiguredSource, configJsonSchema, configSchema } from './schema.ts';
import { readYaml, type YamlText } from './yaml-text.ts';

export type Loaded = { readonly config: Config } | { readonly problems: readonly Problem[] };

/** @param file its name as the user gave it: it begins every position, and sources are relative to its folder */
export function loadConfig(text: string, file: string): Loaded {
  const yaml = readYaml(text);
  const faults = yaml.faults.map(({ where, problem }) => ({ where: `${file}:${where}`, path: '', problem }));
  if (yaml.value === undefined) return { problems: sorted(unique(faults)) };
  const root = yaml.value ?? {};
  const result = configSchema.safeParse(root);
  const findings = [...issueFindings(result.error?.issues ?? [], root), ...relationFindings(root, yaml.locate)];
  const problems = unique([...faults, ...findings.map((finding) => place(finding, file, yaml))]);
  if (result.success && problems.length === 0) return { config: besideFile(result.data, file) };
  return { problems: sorted(problems) };
}

/** Whether a text holds no document at all, which means all defaults, or a file that somebody is about to write. */
export function holdsNothing(text: string): boolean {
  return readYaml(text).value === null;
}

function issueFindings(issues: Parameters<typeof explainIssue>[0][], root: unknown): readonly Finding[] {
  if (issues.length === 0) return [];
  const schema = configJsonSchema();
  return issues.flatMap((issue) => explainIssue(issue, root, schema));
}

function place({ path, part, found, problem }: Finding, file: string, yaml: YamlText): Problem {
  const where = `${file}:${yaml.locate(path, part)}`;
  return { where, path: formatPath(path), ...(found !== undefined && { found }), problem };
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...seen.values()];
}

function sorted(problems: readonly Problem[]): readonly Problem[] {
  const order = ({ where }: Problem): number => {
    const [line = 0, column = 0] = where.split(':').slice(-2).map(Number);
    return line * 1e6 + column;
  };
  return [...problems].sort((a, b) => order(a) - order(b));
}

function besideFile(config: Config, file: string): Config {
  const folder = dirname(file);
  const credentials = config.credentials.map((credential) => ({
    ...credential,
    source: sourceFrom(folder, credential.source),
  }));
  const { files } = config.certificate;
  if (files === undefined) return { ...config, credentials };
  const placed = Object.fromEntries(Object.entries(files).map(([what, path]) => [what, fromFolder(folder, path)]));
  return { ...config, credentials, certificate: { ...config.certificate, files: { ...files, ...placed } } };
}

function sourceFrom(folder: string, source: ConfiguredSource): ConfiguredSource {
  if (source.kind === 'dockerConfig') return { ...source, path: fromFolder(folder, source.path) };
  // A program without a slash is looked for in PATH.
  if (source.kind === 'credentialProvider' && source.command.includes('/')) {
    return { ...source, command: fromFolder(folder, source.command) };
  }
  return source;
}

function fromFolder(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}
