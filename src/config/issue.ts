// Turns what the schema library finds into sentences that say what was found and what is wanted. Its own messages are
// not used: they do not know the nearest known word. A value is shown only if it is a string where a string belongs.
import type { z } from 'zod';
import { isShowable } from './match.ts';
import { suggestion } from './nearest.ts';
import type { Path } from './yaml-text.ts';

type Issue = z.core.$ZodIssue;
type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface Finding {
  readonly path: Path;
  /** Whether the position is that of the key rather than of its value. */
  readonly part: 'key' | 'value';
  readonly found?: string;
  readonly problem: string;
}

const WANTED: Readonly<Record<string, string>> = {
  string: 'a string',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  boolean: 'true or false',
};

/** @param root what the user wrote; @param schema the JSON Schema of the whole, for the keys known at a place */
export function explainIssue(issue: Issue, root: unknown, schema: JsonSchema): readonly Finding[] {
  const path = issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
  const value = valueAt(root, path);
  switch (issue.code) {
    case 'invalid_type':
      return [{ path, part: 'value', problem: typeProblem(value, WANTED[issue.expected] ?? issue.expected) }];
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], key, schema));
    case 'invalid_value':
      return [choiceFinding(path, value, issue.values.map(String))];
    case 'invalid_union':
      return unionIssues(issue, path, value).flatMap((inner) => explainIssue(inner, root, schema));
    case 'too_small':
    case 'too_big':
      return [{ path, part: 'value', problem: sizeProblem(issue) }];
    case 'custom':
      return [{ path, part: 'value', ...(issue.params?.hidden !== true && shown(value)), problem: issue.message }];
    default:
      return [{ path, part: 'value', ...shown(value), problem: issue.message }];
  }
}

function sizeProblem(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`;
  return issue.origin === 'array' ? 'must not be empty' : `must be at least ${issue.minimum}`;
}

function typeProblem(value: unknown, wanted: string): string {
  if (value === undefined) return `is missing, wanted ${wanted}`;
  const scalar = typeof value === 'boolean' || typeof value === 'number';
  const hint = wanted === 'a string' && scalar ? ', put it in quotes' : '';
  return `found ${nameOf(value)}, wanted ${wanted}${hint}`;
}

function nameOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'boolean' ? 'true or false' : `a ${typeof value}`;
}

function unknownKey(path: Path, key: string, schema: JsonSchema): Finding {
  return { path, part: 'key', problem: `unknown key${suggestion(key, keysAt(schema, path.slice(0, -1)))}` };
}

function choiceFinding(path: Path, value: unknown, known: readonly string[]): Finding {
  if (typeof value !== 'string')
    return { path, part: 'value', problem: typeProblem(value, `one of ${known.join(', ')}`) };
  return { path, part: 'value', ...shown(value), problem: `unknown value${suggestion(value, known)}` };
}

function shown(value: unknown): { readonly found?: string } {
  return typeof value === 'string' && isShowable(value) ? { found: value } : {};
}

/** The branch that was meant: the one whose type fits what was found. */
function unionIssues(issue: Extract<Issue, { code: 'invalid_union' }>, path: Path, value: unknown): readonly Issue[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const misfits = (one: Issue): boolean =>
    one.path.length === 0 && (one.code === 'invalid_type' || (isMap && one.code === 'invalid_value'));
  const branch = issue.errors.find((inner) => !inner.some(misfits)) ?? issue.errors[0];
  return (branch ?? []).map((inner) => ({ ...inner, path: [...path, ...inner.path] }) as Issue);
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[segment];
  }
  return value;
}

function keysAt(schema: JsonSchema, path: Path): readonly string[] {
  let here: JsonSchema | undefined = schema;
  for (const segment of path) {
    const next: unknown = typeof segment === 'number' ? here?.items : here?.properties?.[segment];
    here = typeof next === 'object' && next !== null ? mapBranch(next as JsonSchema) : undefined;
  }
  return Object.keys(here?.properties ?? {});
}

function mapBranch(schema: JsonSchema): JsonSchema {
  return schema.anyOf?.find((branch) => branch.properties !== undefined) ?? schema;
}
