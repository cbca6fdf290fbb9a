// Reads whatever the quick reader leaves: anchors, aliases, merges, tags, scalars over several lines, and everything broken, of
// which it says where and why. The messages of the library repeat what they stumbled over, so ours take their place.
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import { SENTENCES } from '../config/yaml-text.ts';
import { columnOf, type Fault, type ListPlace, type MapPlace, type Path, type Reading } from './place.ts';

const NESTED_TOO_DEEPLY = 'this is nested too deeply to be read';
const TEMPLATE =
  'this is a template and not a manifest; render it first, as in "helm template CHART | pullpass inject"';
const UNCLOSED = 'a brace, bracket or comma is missing, or a line within braces or brackets is not indented';
const SHARED = 'is an alias, so it cannot be changed without changing what it stands for; write it out here';
const TAGGED = 'imagePullSecrets has a tag that is for something else than a list; leave the tag out';
/** Enough for anchors that a person writes. */
const ALIASES_MAX = 1_000;

/** @param text of one document */
export function readWithLibrary(text: string): Reading | { readonly faults: readonly Fault[] } {
  const doc = parse(text);
  if (doc === undefined) return { faults: [{ at: 0, problem: NESTED_TOO_DEEPLY }] };
  if ('empty' in doc) return { value: null, json: false, find: () => ({ at: 0, problem: 'there is nothing here' }) };
  const faults = faultsOf(doc, text);
  if (faults.length > 0) return { faults };
  try {
    const value: unknown = doc.toJS({ maxAliasCount: ALIASES_MAX });
    // An alias within what it stands for has no end.
    JSON.stringify(value);
    return { value, json: false, find: (path) => findMap(doc, text, path) };
  } catch {
    const problem =
      'an alias or a merge (<<) of this document cannot be followed, or stands for far more than it holds';
    return { faults: [{ at: startOf(doc.contents), problem }] };
  }
}

function parse(text: string): Document.Parsed | { readonly empty: true } | undefined {
  try {
    const options = { prettyErrors: false, stringKeys: true, merge: true, logLevel: 'silent' } as const;
    const docs = parseAllDocuments(text, options);
    if ('empty' in docs || docs.length === 0) return { empty: true };
    // The text was cut at each document, so a second one has nothing in it, or something that does not belong there.
    return docs.find(({ errors }) => errors.length > 0) ?? docs[0];
  } catch {
    return undefined;
  }
}

function faultsOf({ errors }: Document.Parsed, text: string): readonly Fault[] {
  const [first] = errors;
  if (first === undefined) return [];
  const template = text.search(/\{\{/);
  if (template >= 0) return [{ at: template, problem: TEMPLATE }];
  // What follows a mistake is often only its consequence.
  const telling = errors.filter(({ code }, i) => i === 0 || code === 'DUPLICATE_KEY');
  return telling.map(({ code, pos, message }) => ({ at: pos[0], problem: sentenceFor(code, message) }));
}

function sentenceFor(code: ErrorCode, message: string): string {
  if (message.startsWith('Flow ') || message.includes('in flow ')) return UNCLOSED;
  return SENTENCES[code] ?? 'this is not valid YAML';
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

function endOf(node: unknown): number {
  return (node as Node | null)?.range?.[1] ?? 0;
}

function findMap(doc: Document.Parsed, text: string, path: Path): MapPlace | Fault {
  let node: unknown = doc.contents;
  for (const segment of path) {
    if (isAlias(node)) break;
    if (isSeq(node)) node = node.items[Number(segment)];
    else if (isMap(node)) {
      const pair = pairOf(node, String(segment));
      if (pair === undefined)
        return { at: startOf(node), problem: `"${segment}" comes from a merge (<<); write it out here` };
      node = pair.value;
    }
  }
  if (isMap(node) && node.range) return placeOf(node, text);
  const what = isAlias(node) ? `this pod spec ${SHARED}` : 'this pod spec is written in a way that cannot be changed';
  return { at: startOf(node), problem: what };
}

function pairOf(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find(({ key }) => isScalar(key) && key.value === name);
}

function placeOf(map: YAMLMap, text: string): MapPlace | Fault {
  const list = pairOf(map, 'imagePullSecrets')?.value;
  if (isScalar(list) && list.tag !== undefined) return { at: startOf(list), problem: TAGGED };
  if (isAlias(list)) return { at: startOf(list), problem: `imagePullSecrets ${SHARED}` };
  const firstKey = startOf(map.items[0]?.key);
  const merge = map.items.findLast(({ key }) => isScalar(key) && key.type === 'PLAIN' && key.value === '<<');
  const sibling = map.items.find(({ value }) => isSeq(value) && !value.flow);
  const listPlace = pairOf(map, 'imagePullSecrets') && placeOfList(list);
  return {
    flow: map.flow === true,
    firstKey,
    ...(sibling && { listIndent: columnOf(text, startOf(sibling.value)) - columnOf(text, startOf(sibling.key)) }),
    ...(merge && { mergeEnd: endOf(merge.value) }),
    ...(listPlace && { list: listPlace }),
  };
}

function placeOfList(list: unknown): ListPlace {
  const place = { from: startOf(list), to: endOf(list) };
  if (!isSeq(list)) return place;
  const item: unknown = list.items.at(-1);
  return { ...place, flow: list.flow === true, ...(item ? { last: { from: startOf(item), to: endOf(item) } } : {}) };
}
