// Puts the documents of several inputs into one stream. Between inputs stands a marker where there is none, but between JSON
// and JSON; a byte order mark is only for the very beginning. Within an input nothing is changed.

/** What a stream has so far. */
export interface Before {
  /** Its last line has an end. */
  readonly ended: boolean;
  readonly json: boolean;
}

/** @returns the first document of an input as it follows what is there already */
export function joined(before: Before, text: string): string {
  const own = text.replace(/^\ufeff/, '');
  const eol = before.ended ? '' : '\n';
  const marker = /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*(---|%)/.exec(own)?.[1];
  if (marker === '%') return `${eol}...\n${own}`;
  return `${eol}${marker === '---' || (before.json && isJson(own)) ? '' : '---\n'}${own}`;
}

export function behind(text: string): Before {
  return { ended: text.endsWith('\n'), json: isJson(text) };
}

function isJson(text: string): boolean {
  return /^[\ufeff\s]*[{[]/.test(text);
}
