// Others that may write `imagePullSecrets` too. Nothing in the API says what a webhook or a controller writes, so this goes by known
// names and by texts of policies, and says which of them is a guess.
import type { Named, WebhookConfiguration, WebhookEntry } from './objects.ts';

export interface Competitor {
  readonly what: string;
  /** It is told by its name alone. */
  readonly guess: boolean;
}

const LISTS = 'imagePullSecrets';
/** Images of controllers that put pull Secrets into ServiceAccounts. */
const CONTROLLERS = /(imagepullsecrets?-?(patcher|serviceaccount-patcher|injector|controller|manager)|registry-creds)/i;
const WEBHOOK_NAMES = /(image-?pull-?secret|pull-?secret|registry-?cred)/i;

interface Templated extends Named {
  readonly spec?: {
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };
  };
}

/** A Deployment of a controller that is known for it. */
export function competingDeployment(object: Templated): Competitor | undefined {
  const images = object.spec?.template?.spec?.containers ?? [];
  const image = images.find((container) => CONTROLLERS.test(container.image ?? ''))?.image;
  if (image === undefined) return undefined;
  const { namespace = '', name = '' } = object.metadata ?? {};
  return { what: `Deployment ${namespace}/${name} (${image})`, guess: true };
}

/** A policy of Kyverno whose mutations name the list. */
export function competingPolicy(
  object: Named & { readonly spec?: { readonly rules?: unknown } },
): Competitor | undefined {
  const rules = Array.isArray(object.spec?.rules) ? (object.spec.rules as readonly { mutate?: unknown }[]) : [];
  const writes = rules.some((rule) => JSON.stringify(rule?.mutate ?? '').includes(LISTS));
  const where = object.metadata?.namespace === undefined ? '' : `${object.metadata.namespace}/`;
  return writes ? { what: `Kyverno policy ${where}${object.metadata?.name ?? ''}`, guess: false } : undefined;
}

/** A MutatingAdmissionPolicy whose mutations name the list. */
export function competingAdmissionPolicy(
  object: Named & { readonly spec?: { readonly mutations?: unknown } },
): Competitor | undefined {
  if (!JSON.stringify(object.spec?.mutations ?? '').includes(LISTS)) return undefined;
  return { what: `MutatingAdmissionPolicy ${object.metadata?.name ?? ''}`, guess: false };
}

/** Other webhooks that see Pods when they are made, and those of them whose names sound like it. */
export function otherPodWebhooks(
  all: readonly WebhookConfiguration[],
  own: string,
): { readonly all: number; readonly named: readonly Competitor[] } {
  const others = all.filter(({ metadata }) => metadata?.name !== own);
  const entries = others.flatMap(({ metadata, webhooks }) =>
    (webhooks ?? []).filter(seesPods).map((entry) => ({ configuration: metadata?.name ?? '', entry })),
  );
  const named = entries
    .filter(({ configuration, entry }) => WEBHOOK_NAMES.test(`${configuration} ${entry.name}`))
    .map(({ configuration, entry }) => ({ what: `webhook ${entry.name} of ${configuration}`, guess: true }));
  return { all: entries.length, named };
}

function seesPods({ rules }: WebhookEntry): boolean {
  return (rules ?? []).some(
    ({ apiGroups, resources, operations }) =>
      (apiGroups?.includes('') || apiGroups?.includes('*')) === true &&
      (resources?.includes('pods') || resources?.includes('*') || resources?.includes('*/*')) === true &&
      (operations?.includes('CREATE') || operations?.includes('*')) === true,
  );
}
