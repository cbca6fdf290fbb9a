// The facts as text, at most 100 columns wide. It knows no cluster; colours are an argument.
import { IMAGE_REASONS, OBJECT_REASONS } from '../../src/core/reason.ts';
import type { AdmissionLine, ObjectFact, Order } from './facts.ts';

export interface Colours {
  readonly good: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly bold: (text: string) => string;
}

export const PLAIN: Colours = { good: String, quiet: String, bold: String };
const escaped = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
export const COLOURED: Colours = { good: escaped(32), quiet: escaped(2), bold: escaped(1) };

const WIDTH = 100;
const SENTENCES: Readonly<Record<string, string>> = { ...OBJECT_REASONS, ...IMAGE_REASONS };

/** Pads each column to its widest cell, then colours a row: escape codes must not count. */
function table(
  rows: readonly (readonly string[])[],
  colour: (row: readonly string[], text: string) => string,
): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    colour(
      row,
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
  );
}

export function showObjects(objects: readonly ObjectFact[], colours: Colours): readonly string[] {
  const head = ['OBJECT', 'PULL SECRET', 'IMAGE', 'CREDENTIAL'];
  const rows = objects.flatMap((object, index) => {
    const starts = object.namespace !== objects[index - 1]?.namespace;
    const first = [`${object.kind} ${object.name}`, object.lists ? object.reason : 'left alone'];
    const images = object.images.map(({ image, credential }, i) => [
      ...(i === 0 ? first : ['', '']),
      image,
      credential ?? '-',
    ]);
    return starts ? [[], [`namespace ${object.namespace}`], ...images] : images;
  });
  return table([head, ...rows], (row, text) => {
    if (row === head || row.length === 1) return colours.bold(text);
    return row[3] === '-' ? colours.quiet(text) : colours.good(text);
  });
}

/** Each thing that was left alone, with the reason that `serve` gave for it and its one sentence. */
export function showLeftAlone(objects: readonly ObjectFact[], colours: Colours): readonly string[] {
  const whys = new Map<string, string[]>();
  const add = (reason: string, what: string): void => {
    const list = whys.get(reason) ?? [];
    if (!list.includes(what)) whys.set(reason, [...list, what]);
  };
  for (const { namespace, kind, name, lists, reason, sent, images } of objects) {
    const unsent = sent ? '' : ' (the API server never sent it; serve, asked about it, says)';
    if (!lists) add(reason, `${kind} ${name} in ${namespace}${unsent}`);
    for (const entry of images) {
      if (entry.reason !== undefined && entry.credential === undefined) add(entry.reason, entry.image);
    }
  }
  return [
    colours.bold('Left alone'),
    ...[...whys].flatMap(([reason, things]) => [
      `  ${things.join(', ')}`,
      ...wrap(`${reason}: ${SENTENCES[reason] ?? reason}`, WIDTH - 4).map((line) => colours.quiet(`    ${line}`)),
    ]),
  ];
}

export function showOrder(orders: readonly Order[], pullSecret: string, colours: Colours): readonly string[] {
  const lines = orders.map(({ namespace, secret, pod, podName }) => {
    const verdict = secret < pod ? `${secret} < ${pod}` : `${secret} > ${pod}: too late`;
    return [`  ${namespace}/${pullSecret}`, verdict, `Pod ${podName}`];
  });
  const held = orders.map(({ namespace, credentials }) => `  ${namespace} holds ${credentials.replaceAll(',', ', ')}`);
  return [
    colours.bold('The pull Secret was there before the first Pod that lists it (resourceVersion at creation)'),
    ...table(lines, (_, text) => text),
    ...held,
  ];
}

export function showTimes(lines: readonly AdmissionLine[], colours: Colours): readonly string[] {
  const writes = lines.filter(({ ensured }) => ensured === 'created' || ensured === 'rewritten').map(({ ms }) => ms);
  const others = lines.filter(({ ensured }) => ensured !== 'created' && ensured !== 'rewritten').map(({ ms }) => ms);
  const row = (what: string, times: readonly number[]): readonly string[] => {
    const sorted = [...times].sort((a, b) => a - b);
    const [median, slowest] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted.at(-1)];
    return [`  ${what}`, `${times.length}`, milliseconds(median), milliseconds(slowest)];
  };
  const head = ['  admissions', 'count', 'median', 'slowest'];
  const rows = [head, row('that wrote the pull Secret first', writes), row('answered from memory', others)];
  return [
    colours.bold('How long admission took in serve'),
    ...table(rows, (row, text) => (row === head ? colours.quiet(text) : text)),
  ];
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '-' : `${ms.toFixed(1)} ms`;
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
