// What a command takes, as data: the parser and the help are made of the same, so neither can know an option that the other
// does not. Pure: where arguments come from is for `main.ts` alone to know.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { suggestion } from '../config/nearest.ts';
import { Refusal } from './refusal.ts';

/** One option. The default stands in the help by itself. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  readonly default?: string | string[];
  /** What stands for the value in the help, such as FILE; a boolean has none. */
  readonly value?: string;
  readonly text: string;
}

export interface CommandSpec {
  readonly name: string;
  /** Behind the name, such as `[options] FILE...`. */
  readonly usage: string;
  /** One line. */
  readonly summary: string;
  /** Further lines of the help, already broken. */
  readonly about?: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly positionals?: boolean;
  readonly examples: readonly string[];
}

type Value<O extends OptionSpec> = O['type'] extends 'boolean'
  ? boolean
  : O['multiple'] extends true
    ? string[]
    : string;
type IsSet<O> = O extends { readonly default: string | string[] } ? true : false;

/** Options with a default always have a value. */
export type Values<S extends CommandSpec> = {
  readonly [K in keyof S['options'] as IsSet<S['options'][K]> extends true ? K : never]: Value<S['options'][K]>;
} & {
  readonly [K in keyof S['options'] as IsSet<S['options'][K]> extends true ? never : K]?: Value<S['options'][K]>;
};

export interface Parsed<S extends CommandSpec> {
  readonly values: Values<S>;
  readonly positionals: readonly string[];
}

/** @throws Refusal that names the nearest known option */
export function parse<const S extends CommandSpec>(spec: S, args: readonly string[]): Parsed<S> {
  const options: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(spec.options).map(([name, { type, short, multiple, default: byDefault }]) => [
      name,
      {
        type,
        ...(short && { short }),
        ...(multiple && { multiple }),
        ...(byDefault !== undefined && { default: byDefault }),
      },
    ]),
  );
  try {
    const allowPositionals = spec.positionals === true;
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals });
    return { values: values as Values<S>, positionals };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'wrong arguments';
    const unknown = /Unknown option '--?([^' ]+)/.exec(message)?.[1];
    if (unknown === undefined) throw new Refusal(`${firstSentence(message)}; see pullpass ${spec.name} --help`);
    const known = Object.keys(spec.options);
    throw new Refusal(`unknown option --${unknown}${suggestion(unknown, known)}; see pullpass ${spec.name} --help`);
  }
}

function firstSentence(message: string): string {
  const [first = message] = message.split(/\. /);
  return first.replace(/\.$/, '').replace(/^Unexpected/, 'unexpected');
}

/** @throws Refusal */
export function numberOf(text: string, option: string, max: number): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value <= max) return value;
  throw new Refusal(`--${option} "${text}": wanted a whole number from 0 to ${max}`);
}

/** @throws Refusal */
export function choiceOf<T extends string>(text: string, option: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === text);
  if (choice !== undefined) return choice;
  throw new Refusal(`--${option} "${text}": wanted ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`);
}

export function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? undefined : end).some((argument) => argument === '--help' || argument === '-h');
}

/** Of one command, whole. */
export function helpOf({ name, usage, summary, about, options, examples }: CommandSpec): string {
  const lines = Object.entries(options).map(([option, spec]): [string, string] => [
    `${spec.short === undefined ? '' : `-${spec.short}, `}--${option}${spec.value === undefined ? '' : ` ${spec.value}`}`,
    `${spec.text}${defaultOf(spec)}`,
  ]);
  const width = Math.max(...lines.map(([left]) => left.length));
  return [
    `pullpass ${name}: ${summary}`,
    ...(about === undefined ? [] : ['', about]),
    ...['', 'Usage:', `  pullpass ${name} ${usage}`.trimEnd()],
    ...['', 'Options:', ...lines.map(([left, text]) => `  ${left.padEnd(width)}  ${text}`)],
    ...['', 'Examples:', ...examples.map((example) => `  ${example}`), ''],
  ].join('\n');
}

function defaultOf({ default: byDefault }: OptionSpec): string {
  if (byDefault === undefined || byDefault.length === 0) return '';
  return ` (default: ${Array.isArray(byDefault) ? byDefault.join() : byDefault})`;
}
