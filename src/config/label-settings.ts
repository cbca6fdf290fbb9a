// Label selectors and maps of labels as settings. Each key and value is checked by the rules of Kubernetes, so that a
// selector that the API server would refuse is refused here, at its place in the file.
import { z } from 'zod';
import { labelKeyProblem, labelValueProblem, requirementProblem } from '../core/selector.ts';
import { isShowable } from './match.ts';

/** The rules of Kubernetes repeat what they refuse, which may be a login: then the rule alone is said. */
function withoutSecrets(message: string | undefined, texts: readonly string[]): string | undefined {
  const repeats = texts.some((text) => !isShowable(text) && message?.includes(text));
  return repeats ? 'not a label key or value that Kubernetes allows (the text is not shown)' : message;
}

/** A map of labels or annotations whose keys and values are checked one by one, each with its own position. */
export function labelMap(problemOf: (key: string, value: string) => string | undefined) {
  return z.record(z.string(), z.string()).check((ctx) => {
    for (const [key, value] of Object.entries(ctx.value)) {
      const message = withoutSecrets(problemOf(key, value), [key, value]);
      if (message !== undefined) ctx.issues.push({ code: 'custom', message, input: value, path: [key] });
    }
  });
}

const requirement = z
  .strictObject({
    key: z.string().meta({ description: 'The key of the label.' }),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).meta({ description: 'How it is compared.' }),
    values: z.array(z.string()).meta({ description: 'The values, for In and NotIn.' }).exactOptional(),
  })
  .check((ctx) => {
    const { key, values = [] } = ctx.value;
    const message = withoutSecrets(requirementProblem(ctx.value), [key, ...values]);
    if (message !== undefined) ctx.issues.push({ code: 'custom', message, input: ctx.value });
  });

export const labelSelector = z.strictObject({
  matchLabels: labelMap((key, value) => labelKeyProblem(key) ?? labelValueProblem(value))
    .meta({ description: 'Labels that a namespace must carry, all of them.' })
    .exactOptional(),
  matchExpressions: z
    .array(requirement)
    .meta({ description: 'Requirements that a namespace must meet, all of them, as in a Kubernetes label selector.' })
    .exactOptional(),
});
