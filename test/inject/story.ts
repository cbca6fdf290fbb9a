// The golden stories of test/cases/ as files for `inject`: its namespace on the command line, its ServiceAccount as a manifest.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { pullpassInside, type Ran } from './given.ts';

const FOLDER = join(import.meta.dirname, '..', 'cases');
export const STORIES = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'in.yaml')));

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

export interface Story {
  readonly name: string;
  readonly folder: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly account: Manifest;
  readonly manifest: Manifest;
}

export function readStory(name: string): Story {
  const folder = join(FOLDER, name);
  const { labels, serviceAccount = {} } = parse(readFileSync(join(folder, 'namespace.yaml'), 'utf8'));
  const manifest: Manifest = parse(readFileSync(join(folder, 'in.yaml'), 'utf8'));
  const { pullSecrets = [], enforcesMountable = false } = serviceAccount;
  const annotations = enforcesMountable ? { 'kubernetes.io/enforce-mountable-secrets': 'true' } : {};
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: podSpecOf(manifest).serviceAccountName ?? 'default', annotations },
    imagePullSecrets: pullSecrets.map((secret: string) => ({ name: secret })),
  };
  return { name, folder, labels, account, manifest };
}

/** Wherever it is. */
export function podSpecOf(value: unknown): PodSpec {
  if (typeof value !== 'object' || value === null) return {};
  if ('containers' in value) return value as PodSpec;
  return (
    Object.values(value)
      .map(podSpecOf)
      .find((spec) => 'containers' in spec) ?? {}
  );
}

/** The answer, of which the last document is the story's own; what is said is JSON. */
export function injectStory({ folder, labels, account }: Story): Promise<Ran> {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const around = ['--namespace', 'stories', '--namespace-labels', pairs.join()];
  const files = ['--config', join(folder, 'config.yaml'), '-', join(folder, 'in.yaml')];
  return pullpassInside([...around, '-o', 'json', ...files], stringify(account));
}
