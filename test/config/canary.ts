// A password that must never come out of anything, and the ways in which it could be written down in a docker config.

export const CANARY = 'canary-0123456789abcdef0Pa55word';
export const CANARY_AUTH = Buffer.from(`someone:${CANARY}`).toString('base64');

/** What of a text gives the canary away, or undefined. */
export function leak(text: string): string | undefined {
  return [CANARY, CANARY_AUTH, CANARY_AUTH.replace(/=+$/, ''), 'Pa55word'].find((secret) => text.includes(secret));
}

/** A text that may name a test: the canary must not be printed by the tests either. */
export function hidden(text: string): string {
  return text.replaceAll(CANARY, '<password>').replaceAll(CANARY_AUTH, '<auth>');
}
