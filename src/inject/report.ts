// What is said of each object: a line for people, or one of JSON. For people only what matters by default: what was changed,
// and what was not although it could have been.
import { visible } from '../command-line/visible.ts';
import type { ImageDecision } from '../core/injection.ts';
import { IMAGE_REASONS, OBJECT_REASONS, type ObjectReason } from '../core/reason.ts';

export interface ObjectReport {
  readonly input: string;
  readonly line: number;
  readonly kind: string;
  readonly name: string;
  /** Empty: not known. */
  readonly namespace: string;
  readonly reason: ObjectReason;
  readonly images: readonly ImageDecision[];
  /** Names that were, or would be, appended to `imagePullSecrets`. */
  readonly added: readonly string[];
  readonly unknownAccount?: string;
}

export interface ReportStyle {
  readonly output: 'text' | 'json';
  /** All objects, and each image. */
  readonly verbose: boolean;
  /** Nothing is changed: what is said is what is missing. */
  readonly check: boolean;
}

/** Nothing to add, and nothing that anybody would wonder about. */
const QUIET: readonly ObjectReason[] = ['no-private-image', 'no-images', 'not-a-workload', 'not-applicable'];

/** @returns lines, none if there is nothing worth saying */
export function describe(report: ObjectReport, { output, verbose, check }: ReportStyle): readonly string[] {
  if (output === 'json') return [JSON.stringify(jsonOf(report))];
  const images = verbose ? report.images : report.images.filter(isDoubtful);
  if (!verbose && images.length === 0 && QUIET.includes(report.reason)) return [];
  const { input, line, kind, name, namespace, reason, added } = report;
  const which = [kind || 'object', namespace === '' ? name : `${namespace}/${name}`].join(' ').trimEnd();
  const what = check && added.length > 0 ? `lacks ${added.join(', ')}` : `${reason}: ${OBJECT_REASONS[reason]}`;
  return [`${input}:${line} ${which}: ${what}`, ...images.map(describeImage)].map(visible);
}

function isDoubtful({ reason }: ImageDecision): boolean {
  return reason === 'not-allowed' || reason === 'invalid-reference' || reason === 'no-login';
}

function describeImage({ place, image, reason, credential }: ImageDecision): string {
  const why = credential === undefined ? `${reason}: ${IMAGE_REASONS[reason]}` : `served by ${credential}`;
  return `  ${place} ${image}: ${why}${hintFor(image, reason)}`;
}

function hintFor(image: string, reason: ImageDecision['reason']): string {
  if (reason === 'not-allowed') return '; say with --namespace-labels what labels the namespace has';
  return reason === 'invalid-reference' && image.includes('{{') ? '; this is a template, render it first' : '';
}

function jsonOf({ input, line, kind, name, namespace, reason, images, added, unknownAccount }: ObjectReport): object {
  return {
    input,
    line,
    kind,
    name,
    ...(namespace !== '' && { namespace }),
    reason,
    images: images.map(({ place, image, reason: why, credential }) => ({
      place,
      image,
      reason: why,
      ...(credential !== undefined && { credential }),
    })),
    added,
    ...(unknownAccount !== undefined && { unknownServiceAccount: unknownAccount }),
  };
}

/** The rule that a manifest alone cannot keep. */
export function accountNote(names: readonly string[]): string {
  const accounts = names.map(visible);
  const who = accounts.length > 1 ? `ServiceAccounts ${accounts.join(', ')}` : `ServiceAccount ${accounts[0]}`;
  const [it, has] = accounts.length > 1 ? ['one of them', 'they have'] : ['it', 'it has'];
  return [
    `nothing is known of ${who}: if ${it} has imagePullSecrets of its own, what runs as it should not be changed here,`,
    'because Kubernetes gives those only to Pods that list none;',
    `say what ${has} with --service-account ${accounts[0]}=SECRET,SECRET, or ${accounts[0]}= for none`,
  ].join('\n  ');
}
