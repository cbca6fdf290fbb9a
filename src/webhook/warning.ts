// Warnings for the user of the deploy, one line each, only where the user can act. The API server drops a warning that
// holds a control character and cuts long ones, so neither ever leaves here; and no login can, as none comes in.
import type { EnsureReason, ObjectReason } from '../core/reason.ts';

export const WARNING_MAX = 120;

export interface WarningContext {
  readonly pullSecret: string;
  readonly serviceAccount: string;
}

export function warningsFor(
  reason: ObjectReason,
  ensured: EnsureReason | undefined,
  { pullSecret, serviceAccount }: WarningContext,
): readonly string[] {
  if (reason === 'foreign-secret') {
    return [
      oneLine(`pullpass: Secret "${pullSecret}" is not managed by Pullpass: rename it, and this object is served`),
    ];
  }
  if (reason === 'enforcing-service-account') {
    return [
      oneLine(
        `pullpass: add "${pullSecret}" to imagePullSecrets of ServiceAccount "${serviceAccount}": it enforces them`,
      ),
    ];
  }
  const late = ensured === undefined ? undefined : LATE[ensured];
  return late === undefined ? [] : [oneLine(`pullpass: Secret "${pullSecret}" is not written yet: ${late}`)];
}

/** What a failed ensure means to the user. The next admission in the namespace tries again. */
const LATE: Partial<Readonly<Record<EnsureReason, string>>> = {
  quota: 'a quota of this namespace forbids it',
  forbidden: 'the API server refused it',
  conflict: 'somebody else keeps changing it',
  deadline: 'the API server is slow',
  unavailable: 'the API server cannot be reached',
  'login-missing': 'a credential has no login at the moment',
  'too-large': 'its content would be too large',
};

export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must go
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
  return clean.length <= WARNING_MAX ? clean : `${clean.slice(0, WARNING_MAX - 1)}…`;
}
