// The patch of an injection: JSON Patch that only ever adds to one list. An `add` on an existing list would replace it,
// so a list that is there grows by its end, one name at a time, and one that is not is made whole. It is built by hand
// because it stands on the path of every admission and has only these two forms.
import type { Injection } from './injection.ts';
import type { Subject } from './subject.ts';

export interface PatchOperation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

/** @returns an empty patch if there is nothing to add */
export function planPatch(subject: Subject, { add }: Pick<Injection, 'add'>): readonly PatchOperation[] {
  if (add.length === 0) return [];
  const entries = add.map((name) => ({ name }));
  if (subject.listed === undefined) return [{ op: 'add', path: subject.listPointer, value: entries }];
  return entries.map((value) => ({ op: 'add', path: `${subject.listPointer}/-`, value }));
}
