// Arithmetic of host globs: containment, overlap and closure, as the keys of a pull Secret need it. It works because a
// label holds at most one `*`: the overlap of `a*` and `*b` is then `a*b`, plus, where prefix and suffix may share
// characters, a few literals shorter than both together (`ab*` and `*bc` also overlap in `abc`).
import { globMatches } from './pattern.ts';

export type HostGlob = readonly string[];

/** Above this many hosts that overlap each other a plan is refused: it grows with the product of overlapping globs. */
export const CLOSURE_MAX = 2_000;

export function labelContains(outer: string, inner: string): boolean {
  if (!inner.includes('*')) return globMatches(outer, inner);
  if (!outer.includes('*')) return false;
  const [outerHead, outerTail] = cut(outer);
  const [innerHead, innerTail] = cut(inner);
  return innerHead.startsWith(outerHead) && innerTail.endsWith(outerTail);
}

export function hostContains(outer: HostGlob, inner: HostGlob): boolean {
  return outer.length === inner.length && outer.every((label, i) => labelContains(label, inner[i] ?? ''));
}

/** The labels that both match, as globs and literals that exclude each other; empty if there are none. */
export function overlapLabels(a: string, b: string): readonly string[] {
  if (labelContains(a, b)) return [b];
  if (labelContains(b, a)) return [a];
  if (!a.includes('*') || !b.includes('*')) return [];
  const [headA, tailA] = cut(a);
  const [headB, tailB] = cut(b);
  const head = headA.startsWith(headB) ? headA : headB.startsWith(headA) ? headB : undefined;
  const tail = tailA.endsWith(tailB) ? tailA : tailB.endsWith(tailA) ? tailB : undefined;
  if (head === undefined || tail === undefined) return [];
  const shared: string[] = [];
  for (let length = Math.max(a.length, b.length) - 1; length < head.length + tail.length; length++) {
    const literal = head + tail.slice(head.length + tail.length - length);
    if (literal.length === length && globMatches(a, literal) && globMatches(b, literal)) shared.push(literal);
  }
  return [...shared, `${head}*${tail}`];
}

/** The hosts that both match, label by label. */
export function overlapHosts(a: HostGlob, b: HostGlob): readonly HostGlob[] {
  if (a.length !== b.length) return [];
  let hosts: HostGlob[] = [[]];
  for (let i = 0; i < a.length; i++) {
    const labels = overlapLabels(a[i] ?? '', b[i] ?? '');
    hosts = hosts.flatMap((host) => labels.map((label) => [...host, label]));
  }
  return hosts;
}

/**
 * All hosts and all their overlaps, so that for every registry host one member holds everything that matches it.
 * @returns undefined above CLOSURE_MAX
 */
export function closeUnderOverlap(hosts: readonly HostGlob[]): readonly HostGlob[] | undefined {
  const closed = new Map<string, HostGlob>(hosts.map((host) => [host.join('.'), host]));
  // Literals overlap a glob only in themselves, so only pairs of globs can add anything.
  const globs = [...closed.values()].filter((host) => host.some((label) => label.includes('*')));
  for (let i = 0; i < globs.length; i++) {
    for (let k = 0; k < i; k++) {
      for (const host of overlapHosts(globs[i] ?? [], globs[k] ?? [])) {
        const text = host.join('.');
        if (closed.has(text)) continue;
        if (closed.size >= CLOSURE_MAX) return undefined;
        closed.set(text, host);
        if (text.includes('*')) globs.push(host);
      }
    }
  }
  return [...closed.values()];
}

export function cut(glob: string): readonly [head: string, tail: string] {
  const star = glob.indexOf('*');
  return [glob.slice(0, star), glob.slice(star + 1)];
}
