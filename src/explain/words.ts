// What is said in words of others, made fit for a terminal and free of logins: messages of kubelets and of the API server may
// quote an address with a password in it. And how people write ages, and arguments of a shell.

const SHOWN_MAX = 150;

/** One line, short, without control characters, and without what could be a login. */
export function quiet(text: string, max = SHOWN_MAX): string {
  const clean = text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must go
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .replace(/\/\/[^/\s@]+@/g, '//…@')
    .replace(/\?[^\s"')]+/g, '?…')
    .replace(/\b(bearer|basic)\s+\S+/gi, '$1 …')
    .replace(/\b((?:pass(?:word|wd)?|token|secret|auth|credentials?|api[-_]?key)\s*[=:]\s*)("[^"]*"|\S+)/gi, '$1…')
    .trim();
  return clean.length <= max ? clean : `${clean.slice(0, max - 1)}…`;
}

/** Of a failed pull what counts stands last, behind what each layer says it was doing. */
export function quietPull(message: string): string {
  const parts = message.split(': ').slice(-3);
  const named = parts.findLastIndex((part) => /\b(?:image|reference) "[^"]*"$/.test(part));
  return quiet(parts.slice(named + 1).join(': ') || message);
}

/** `3 s`, `5 min`, `4 h`, `9 d`. */
export function ageOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 72 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

/** Fit to stand in a shell as one word: what comes from a manifest may be anything. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `a, b and 3 more`. */
export function few(names: readonly string[], max = 3): string {
  return names.length <= max ? names.join(', ') : `${names.slice(0, max).join(', ')} and ${names.length - max} more`;
}
