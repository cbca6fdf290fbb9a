// Checks of single strings as settings: each says what is wrong with a text, or nothing.
import { z } from 'zod';

/** @returns what is wrong with a text, or undefined */
export type Check = (text: string) => string | undefined;

const DNS_SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

export function checked(problemOf: Check) {
  return z.string().check((ctx) => {
    const message = problemOf(ctx.value);
    if (message !== undefined) ctx.issues.push({ code: 'custom', message, input: ctx.value });
  });
}

export function dnsName(max: number): Check {
  return (text) => {
    if (text.length > max) return `a name has at most ${max} characters, this one has ${text.length}`;
    if (DNS_SUBDOMAIN.test(text)) return undefined;
    return 'a name is lower-case letters, digits, "-" and ".", with a letter or digit at both ends';
  };
}

/** @param what the file, in words */
export function filePath(what: string): (text: string) => string | undefined {
  return (text) => {
    if (text === '') return `wanted the path of ${what}`;
    if (/[{\n]/.test(text)) return `wanted the path of ${what}, not its content`;
    if (text.startsWith('~')) return '"~" is not expanded here, write the whole path';
    return undefined;
  };
}
