// Writes a value as YAML in a style that is chosen anew at each place: block or flow, indentation, quotes, comments, blank lines
// and line ends, as people's manifests have them. It is no part of the product, and knows nothing of how that reads.

type Choose = () => number;

interface Style {
  readonly choose: Choose;
  readonly eol: string;
}

export function writeStyled(value: unknown, choose: Choose): string {
  const style = { choose, eol: choose() % 5 === 0 ? '\r\n' : '\n' };
  const start = pick(choose, ['', '', '---\n', '# first\n---   # marker\n', '\ufeff', '\n\n']).replaceAll(
    '\n',
    style.eol,
  );
  const end = pick(choose, ['', '', `# the end${style.eol}`, style.eol]);
  if (choose() % 8 === 0)
    return `${start.replace(/\S+.*\n/g, '')}${JSON.stringify(value, null, pick(choose, ['', '  ']))}${style.eol}`;
  const body = block(value, 0, style);
  return start + (choose() % 10 === 0 && end === '' ? body.slice(0, -style.eol.length) : body + end);
}

function pick<T>(choose: Choose, choices: readonly T[]): T {
  return choices[choose() % choices.length] as T;
}

/** Lines that begin at the column, the first one too. */
function block(value: unknown, column: number, style: Style): string {
  const pad = ' '.repeat(column);
  if (Array.isArray(value)) return value.map((item) => `${pad}-${afterDash(item, column, style)}`).join('');
  return Object.entries(value as object)
    .map(([key, inner]) => `${aside(pad, style)}${pad}${keyText(key, style)}:${afterKey(inner, column, style)}`)
    .join('');
}

function aside(pad: string, { choose, eol }: Style): string {
  return pick(choose, ['', '', '', '', '', `${pad}# a comment: "with" {things}${eol}`, eol, `   # elsewhere${eol}`]);
}

const isBlock = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

function afterKey(value: unknown, column: number, style: Style): string {
  const { choose } = style;
  if (!isBlock(value) || choose() % 4 === 0) return inLine(value, column, style);
  const deeper = Array.isArray(value) && choose() % 2 === 0 ? 0 : pick(choose, [1, 2, 2, 2, 4]);
  return `${comment(style)}${style.eol}${block(value, column + deeper, style)}`;
}

function afterDash(value: unknown, column: number, style: Style): string {
  const { choose } = style;
  if (!isBlock(value) || choose() % 4 === 0) return inLine(value, column, style);
  const gap = pick(choose, [1, 1, 1, 3]);
  if (choose() % 4 === 0) return `${comment(style)}${style.eol}${block(value, column + 1 + gap, style)}`;
  const inner = block(value, column + 1 + gap, { ...style, choose: withoutAside(choose) });
  return ' '.repeat(gap) + inner.slice(column + 1 + gap);
}

/** A comment in front of the first key cannot stand behind a dash. */
function withoutAside(choose: Choose): Choose {
  let first = true;
  return () => {
    const choice = first ? 0 : choose();
    first = false;
    return choice;
  };
}

function comment({ choose }: Style): string {
  return pick(choose, ['', '', '', '', ' # why', '   ', '   # so: [it] is']);
}

function inLine(value: unknown, column: number, style: Style): string {
  const { choose, eol } = style;
  if (value === null && choose() % 3 === 0) return `${comment(style)}${eol}`;
  if (typeof value === 'string' && /^[a-z].*\n[^\s].*\n$/s.test(value) && choose() % 2 === 0) {
    const pad = ' '.repeat(column + 2);
    return ` |${comment(style)}${eol}${value
      .split('\n')
      .slice(0, -1)
      .map((line) => (line === '' ? '' : pad + line))
      .join(eol)}${eol}`;
  }
  return `${pick(choose, [' ', ' ', '   '])}${flow(value, style)}${comment(style)}${eol}`;
}

function flow(value: unknown, style: Style): string {
  const { choose } = style;
  const gap = pick(choose, ['', ' ']);
  if (Array.isArray(value)) return `[${gap}${value.map((item) => flow(item, style)).join(', ')}${gap}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, inner]) => `${keyText(key, style)}: ${flow(inner, style)}`);
    return `{${gap}${members.join(pick(choose, [', ', ',']))}${gap}}`;
  }
  if (value === null) return pick(choose, ['null', '~', 'Null']);
  return typeof value === 'string' ? scalar(value, style) : String(value);
}

function keyText(key: string, style: Style): string {
  return scalar(key, style);
}

function scalar(value: string, { choose }: Style): string {
  const plain =
    /^[a-zA-Z/][\w./-]*(?::[\w./-]+)*(?:@sha256:0+)?$/.test(value) && !/^(?:true|null|false|y|n)$/i.test(value);
  const single = /^[^'\p{Cc}\u2028\u2029\ufeff]*$/u.test(value) ? [`'${value}'`] : [];
  return pick(choose, [JSON.stringify(value), ...single, ...(plain ? [value, value, value] : [])]);
}
