// Reads values.yaml as the one description of the chart's values: for each its path, default, schema and what the comment above
// it says. The surprising rule: a type is what the default is, and a line `+schema {…}` of the comment adds what a default
// cannot say. A map that says nothing of the kind is closed.
import { isMap, isScalar, type Pair, parse, parseDocument, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import { configJsonSchema } from '../src/config/schema.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface Value {
  /** With dots, such as `image.tag`. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly byDefault: unknown;
  readonly schema: JsonSchema;
  /** Those inside; undefined: it is one value, whatever it holds. */
  readonly values?: readonly Value[];
}

/** The marks of a `+schema` line that are not words of JSON schema. */
interface Additions extends JsonSchema {
  /** It holds what Kubernetes wants there, and Kubernetes says what is wrong. */
  readonly $open?: boolean;
  /** It is the configuration file. */
  readonly $config?: boolean;
}

export function readValues(text: string): readonly Value[] {
  const { contents, errors } = parseDocument(text);
  if (errors[0] !== undefined) throw errors[0];
  if (!isMap(contents)) throw new Error('values.yaml is no map');
  return valuesOf(contents, '');
}

function valuesOf(map: YAMLMap, prefix: string): readonly Value[] {
  return map.items.map((pair, i) => {
    if (!isScalar(pair.key)) throw new Error(`${prefix} has a key that is no text`);
    const name = String(pair.key.value);
    // The comment above the first key belongs to the map.
    const comment = pair.key.commentBefore ?? (i === 0 ? map.commentBefore : undefined) ?? '';
    return valueAt(pair, name, prefix === '' ? name : `${prefix}.${name}`, comment);
  });
}

function valueAt({ value: node }: Pair, name: string, path: string, comment: string): Value {
  const { description, additions } = readComment(comment);
  const { $open, $config, ...words } = additions;
  const byDefault: unknown = isMap(node) ? node.toJSON() : isScalar(node) ? node.value : parse(String(node));
  const own = { path, name, description, byDefault };
  const described = description === '' ? {} : { description };
  if ($config) return { ...own, schema: { ...configSchema(), ...described } };
  const isLeaf = $open || words.additionalProperties !== undefined || !isMap(node) || node.items.length === 0;
  if (isLeaf) return { ...own, schema: { ...described, ...typeOf(byDefault, $open), ...words } };
  const values = valuesOf(node, path);
  return { ...own, values, schema: { ...described, ...closed(values), ...words } };
}

function readComment(comment: string): { readonly description: string; readonly additions: Additions } {
  // What stands above an empty line is about the whole file.
  const own = comment.split(/\n\s*\n/).at(-1) ?? '';
  const lines = own.split('\n').map((line) => line.trim());
  const marked = lines.filter((line) => line.startsWith('+schema '));
  const description = lines.filter((line) => !line.startsWith('+schema ')).join(' ');
  const additions = marked.map((line): Additions => parse(line.slice('+schema '.length)));
  return { description: description.trim(), additions: Object.assign({}, ...additions) };
}

function typeOf(value: unknown, open = false): JsonSchema {
  if (Array.isArray(value)) return { type: 'array' };
  if (typeof value === 'boolean') return { type: 'boolean' };
  if (typeof value === 'number') return { type: 'integer' };
  if (typeof value === 'string') return { type: 'string' };
  return { type: 'object', ...(open ? {} : { additionalProperties: false }) };
}

/** An object of these and no others. */
export function closed(values: readonly Value[]): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(values.map(({ name, schema }) => [name, schema])),
    additionalProperties: false,
  };
}

function configSchema(): JsonSchema {
  const { $schema: _, ...schema } = configJsonSchema();
  return schema;
}
