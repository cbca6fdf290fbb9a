// One document: read, decided object by object, changed, and read once more: what comes out must mean what went in plus the
// names that were added, or it does not come out.
import { sameJson } from '../core/subject.ts';
import { parsePointer } from '../core/workload.ts';
import type { Decision } from './decision.ts';
import { applyEdits, type Edit, planEdit } from './edit.ts';
import { readWithLibrary } from './library-reader.ts';
import { type FoundObject, objectsOf } from './objects.ts';
import { type Fault, type Path, type Reading, valueAt } from './place.ts';
import { readQuickly } from './quick-reader.ts';

export interface Judged {
  readonly found: FoundObject;
  /** Where in the text the object begins. */
  readonly at: number;
  readonly decision: Decision;
}

export interface InjectedDocument {
  readonly text: string;
  readonly judged: readonly Judged[];
}

const ENTANGLED = 'this pod spec cannot be changed without changing what refers to it with an alias; write that out';

export function readDocument(text: string): Reading | { readonly faults: readonly Fault[] } {
  return readQuickly(text) ?? readWithLibrary(text);
}

export function injectDocument(
  text: string,
  judge: (found: FoundObject) => Decision,
): InjectedDocument | { readonly faults: readonly Fault[] } {
  const reading = readDocument(text);
  if ('faults' in reading) return reading;
  const judged = objectsOf(reading.value).map((found) => ({
    found,
    at: beginning(reading, found.path),
    decision: judge(found),
  }));
  const edits: (Edit & { readonly of: number })[] = [];
  const faults: Fault[] = [];
  const changes: Change[] = [];
  for (const { found, decision } of judged) {
    if (decision.add.length === 0 || decision.subject === undefined) continue;
    const path = [...found.path, ...parsePointer(decision.subject.listPointer)];
    const edit = editFor(text, reading, path, decision.add);
    if ('problem' in edit) faults.push(edit);
    else edits.push({ ...edit, of: beginning(reading, path.slice(0, -1)) });
    changes.push({ path, list: [...listAt(reading.value, path), ...decision.add.map((name) => ({ name }))] });
  }
  if (faults.length > 0) return { faults };
  if (edits.length === 0) return { text, judged };
  const changed = applyEdits(text, edits);
  const again = readDocument(changed);
  if ('value' in again && sameJson(again.value, withLists(reading.value, changes))) return { text: changed, judged };
  return { faults: [{ at: edits[0]?.of ?? 0, problem: ENTANGLED }] };
}

function beginning(reading: Reading, path: Path): number {
  const place = reading.find(path);
  return 'problem' in place ? place.at : place.firstKey;
}

function editFor(text: string, reading: Reading, path: Path, names: readonly string[]): Edit | Fault {
  const place = reading.find(path.slice(0, -1));
  if ('problem' in place) return place;
  const inherits = place.list === undefined && valueAt(reading.value, path) !== undefined;
  return planEdit(text, place, reading.json, { names, inherited: inherits ? listAt(reading.value, path) : undefined });
}

function listAt(value: unknown, path: Path): readonly unknown[] {
  const list = valueAt(value, path);
  return Array.isArray(list) ? list : [];
}

interface Change {
  readonly path: Path;
  /** What is to be there. */
  readonly list: readonly unknown[];
}

/** A copy that differs at these paths: what an alias stands for is one object in several places. */
function withLists(value: unknown, changes: readonly Change[]): unknown {
  const bySegment = new Map<string | number, Change[]>();
  for (const { path, list } of changes) {
    const [segment, ...rest] = path;
    if (segment === undefined) return list;
    const others = bySegment.get(segment);
    if (others === undefined) bySegment.set(segment, [{ path: rest, list }]);
    else others.push({ path: rest, list });
  }
  const changed = (inner: unknown, segment: string | number): unknown => {
    const within = bySegment.get(segment);
    return within === undefined ? inner : withLists(inner, within);
  };
  if (Array.isArray(value)) return value.map(changed);
  const map = new Map(Object.entries(value as object));
  for (const segment of bySegment.keys()) map.set(String(segment), changed(map.get(String(segment)), segment));
  return Object.fromEntries(map);
}
