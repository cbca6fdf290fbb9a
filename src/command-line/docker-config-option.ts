// The option of every command that takes docker config files as credentials.
import type { OptionSpec } from './command.ts';

export const DOCKER_CONFIG = {
  type: 'string',
  multiple: true,
  default: [] as string[],
  value: 'FILE',
  text: 'a docker config file, each entry a credential; may be given again',
} as const satisfies OptionSpec;
