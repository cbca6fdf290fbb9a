// What a program said on stderr, for people. Nobody knows what a program prints when it fails, so a word is left out wherever
// it could be a login, rather one too many than one too few; no value of its environment and no piece of its answer is shown.
// The surprising rule: host names, paths and names such as `AccessDeniedException` stay, or nothing of use would be left.

const READ_MAX = 8_000;
const LINE_MAX = 1_000;
const SHOWN_MAX = 200;
/** Shorter values and words are part of every message. */
const VALUE_MIN = 4;
const HIDDEN = '…';

const LOGIN_NAME = '(?:pass(?:word|wd|phrase)?|pwd|secret|token|key|bearer|basic|\\bpin)s?';
const BEFORE_LOGIN = new RegExp(`${LOGIN_NAME}["']?(?: (?:is|was))?$`, 'i');
const ASSIGNED = new RegExp(
  `((?:${LOGIN_NAME}|(?:auth|credential)\\w*)["']?\\s*[:=]\\s*)(?:(?:bearer|basic)\\s+\\S{${VALUE_MIN},}|"[^"]*"?|'[^']*'?|\\S+)`,
  'gi',
);

/** A host name of three labels and more, or a number that may be one of an account or a secret. */
const HOST_OR_NUMBER = /(?<![A-Za-z0-9.-])((?:[A-Za-z0-9-]+\.){2,}[A-Za-z]{2,})|\d{6,}/g;
/** What may stand behind a colon without being the password of what stands in front: a scheme's slashes, a port, a time. */
const AFTER_COLON = /^(?:\/\/|\d{1,5}(?!\w))/;
const ADDRESS_V6 = /^\W*(?:[0-9a-f]{0,4}:){2,}[0-9a-f]{0,4}\]?(?::\d{1,5})?\W*$/i;
/** What Amazon calls a resource, and an action on it. */
const VENDORS_OWN = /^\W*(?:arn:aws\b|(?:ecr|ecr-public|iam|kms|sts):[A-Z][A-Za-z]+\W*$)/;
const TELLS_ERROR = /(?:error|err|code|message|msg|reason|status|type|description)["']?$/i;

/**
 * The line that tells most, short.
 * @param values of the program's environment and arguments
 * @param answer its stdout
 */
export function showable(stderr: string, values: readonly string[], answer = ''): string {
  let line = tellingLine(stderr.slice(0, READ_MAX)).slice(0, LINE_MAX);
  const hidden = values.flatMap((text) => text.split('\n')).map((value) => value.trim());
  // One value may begin with another.
  for (const value of hidden.sort((a, b) => b.length - a.length)) {
    if (value.length >= VALUE_MIN) line = line.replaceAll(value, HIDDEN);
  }
  const words = line
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must go
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
    .replace(ASSIGNED, `$1${HIDDEN}`)
    .split(/\s+/)
    .filter((word) => word !== '');
  const shown = words.map((word, i) => {
    const before = words.slice(Math.max(0, i - 2), i).join(' ');
    return word.length >= VALUE_MIN && BEFORE_LOGIN.test(before) ? HIDDEN : hideLogin(word, answer);
  });
  const text = shown.join(' ');
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX - 1)}${HIDDEN}`;
}

/** What stands in the arguments of a program: each but a plain name of an option, and what follows its first `=`. */
export function valuesOf(args: readonly string[]): readonly string[] {
  return args.flatMap((arg) => {
    if (/^(?:-\w|--[\w-]+)$/.test(arg)) return [];
    const equals = arg.indexOf('=');
    // An option of one letter may have its value right behind it.
    return [arg, ...(equals < 0 ? [] : [arg.slice(equals + 1)]), ...(/^-\w/.test(arg) ? [arg.slice(2)] : [])];
  });
}

/** Programs tell what they are about to do before they tell what went wrong; what klog puts in front says nothing. */
function tellingLine(text: string): string {
  const lines = text
    .split('\n')
    .map((line) =>
      line.trim().replace(/^[IWEF]\d{4} [\d:.]+ +\d+ \S+:\d+\] /, (head) => (/^[EF]/.test(head) ? 'error: ' : '')),
    )
    .filter((line) => line !== '');
  return lines.find((line) => /error|fail|fatal|panic|denied|cannot|unable/i.test(line)) ?? lines[0] ?? '';
}

function hideLogin(word: string, answer: string): string {
  const at = word.lastIndexOf('@');
  if (at > 0 && word.slice(0, at).includes(':')) return HIDDEN + hideLogin(word.slice(at), answer);
  // What stands between signs that no host, path or sentence has is nobody's word.
  if (/[!#$%^&|\\][A-Za-z0-9]/.test(word)) return HIDDEN;
  const pieces = word.split(/[^A-Za-z0-9+=_]+/);
  const mixed = pieces.filter(mixes);
  const isLogin =
    mixed.length > 1 ||
    mixed.some((piece) => piece.length >= 7) ||
    pieces.some((piece) => isJumbled(piece) || (piece.length >= VALUE_MIN && answer.includes(piece)));
  if (isLogin) return HIDDEN;
  return hideBehindColon(word).replace(HOST_OR_NUMBER, (_, host?: string) => host ?? HIDDEN);
}

/** `robot:word` is how a login is written, and nothing about the word says so. */
function hideBehindColon(word: string): string {
  if (ADDRESS_V6.test(word) || VENDORS_OWN.test(word)) return word;
  for (let colon = word.indexOf(':'); colon >= 0; colon = word.indexOf(':', colon + 1)) {
    const rest = word.slice(colon + 1);
    const isHarmless = AFTER_COLON.test(rest) || TELLS_ERROR.test(word.slice(0, colon));
    if (!isHarmless && rest.replace(/^\W+|\W+$/g, '').length >= VALUE_MIN) return word.slice(0, colon + 1) + HIDDEN;
  }
  return word;
}

/** Letters and digits in one, as tokens have them and words do not; versions of an API have them too. */
function mixes(piece: string): boolean {
  return (
    piece.length >= VALUE_MIN && /[A-Za-z]/.test(piece) && /[0-9]/.test(piece) && !/^v\d+(?:alpha|beta)\d+$/.test(piece)
  );
}

/** Letters alone, but as chance has them: a capital every two or three letters. */
function isJumbled(piece: string): boolean {
  const humps = piece.match(/[A-Z]?[a-z]+|[A-Z]+/g)?.length ?? 0;
  return piece.length >= 12 && piece.length < humps * 3.5;
}
