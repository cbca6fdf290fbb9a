// What is read of Kubernetes objects, and no more. Each field may be missing: an object of another version, or one that somebody
// wrote by hand, must never break the page.
import type { LabelSelector, Labels } from '../core/selector.ts';

export interface Named {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Labels;
    readonly annotations?: Labels;
    readonly deletionTimestamp?: string;
  };
}

export interface Pod extends Named {
  readonly spec?: { readonly hostNetwork?: boolean; readonly imagePullSecrets?: readonly ({ name?: string } | null)[] };
  readonly status?: {
    readonly conditions?: readonly { readonly type?: string; readonly status?: string; readonly message?: string }[];
    readonly containerStatuses?: readonly {
      readonly state?: { readonly waiting?: { readonly reason?: string } };
    }[];
  };
}

export interface Service extends Named {
  readonly spec?: {
    readonly type?: string;
    readonly externalName?: string;
    readonly selector?: Labels;
    readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
  };
}

export interface EndpointSlice extends Named {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null;
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
}

export interface WebhookRule {
  readonly apiGroups?: readonly string[] | null;
  readonly resources?: readonly string[] | null;
  readonly operations?: readonly string[] | null;
}

export interface WebhookEntry {
  readonly name?: string;
  readonly clientConfig?: {
    readonly url?: string;
    readonly caBundle?: string;
    readonly service?: {
      readonly namespace?: string;
      readonly name?: string;
      readonly path?: string;
      readonly port?: number;
    };
  };
  readonly failurePolicy?: string;
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly reinvocationPolicy?: string;
  readonly admissionReviewVersions?: readonly string[];
  readonly namespaceSelector?: LabelSelector | null;
  readonly objectSelector?: LabelSelector | null;
  readonly matchConditions?: readonly { readonly name?: string }[] | null;
  readonly rules?: readonly WebhookRule[] | null;
}

export interface WebhookConfiguration extends Named {
  readonly webhooks?: readonly WebhookEntry[] | null;
}

export interface ExpectedScope {
  readonly namespaces: LabelSelector;
  readonly workloads: readonly { readonly group: string; readonly kind: string }[];
}

/** Text that was in base64, such as a caBundle. */
export function decoded(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8');
}
