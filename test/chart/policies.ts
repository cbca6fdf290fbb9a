// What the tests of the policies share: the policies as the chart renders them, and accounts whose calls they refuse. The
// surprising rule: a policy is in force some moment after it was made, so its first refusal is waited for.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Api, openApi } from '../control-plane/api.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { eventually, expectOk } from '../serve/installation.ts';
import type { Manifest } from './render.ts';

export type Call = Parameters<Api['call']>;
/** What is tried, what the policy says to it, and the call. */
export type Attempt = readonly [what: string, refusal: string, call: Call];

const POLICY_KINDS = ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'];

/** Those that make policies, of what the chart renders. */
export function policiesOf(manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests.filter(({ kind }) => POLICY_KINDS.includes(kind));
}

/** Puts them in force, with strict validation. */
export async function apply(plane: ControlPlane, items: readonly Manifest[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const applied = await plane.kubectl(['apply', '--validate=strict', '-f', '-'], list);
  if (applied.code !== 0) throw new Error(applied.stderr);
}

/** A client of the API server whose only right is a token of this ServiceAccount. */
export async function openAccount(plane: ControlPlane, namespace: string, name: string): Promise<Api> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const { body } = await expectOk(plane.api.call('POST', path, { spec: { expirationSeconds: 3_600 } }));
  const ca = readFileSync(join(plane.folder, 'ca.crt'), 'utf8');
  return openApi({ server: plane.server, ca, token: body.status.token });
}

/** What the policy says to a call that it refuses, else the status of the answer. */
export async function refusalOf(api: Api, call: Call): Promise<string> {
  const { status, body } = await api.call(...call);
  const refused = /ValidatingAdmissionPolicy '[^']+' with binding '[^']+' denied request: (.*)$/.exec(
    body.message ?? '',
  );
  return status === 403 && refused?.[1] ? refused[1] : `${status} ${body.message ?? ''}`;
}

/** Resolves when a policy refuses this call, which must change nothing until then. */
export async function inForce(api: Api, call: Call): Promise<void> {
  await eventually('the policy is in force', async () => (/^\d/.test(await refusalOf(api, call)) ? undefined : true));
}
