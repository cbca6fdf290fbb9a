// The AdmissionReview that goes back, assembled: it stands on the path of every admission and has only these parts. `allowed`
// is always true: Pullpass never stands between a user and a deploy.
import type { PatchOperation } from '../core/patch.ts';
import type { Admission } from './admission.ts';

/** @returns JSON text; `uid` echoes the request's, or the API server would discard the answer */
export function formatAnswer(uid: string, admission: Admission): string {
  const { patch, warnings } = admission;
  const patched = patch.length === 0 ? '' : `,"patchType":"JSONPatch","patch":"${encode(patch)}"`;
  const warned = warnings.length === 0 ? '' : `,"warnings":${JSON.stringify(warnings)}`;
  const response = `{"uid":${JSON.stringify(uid)},"allowed":true${patched}${warned},${auditAnnotations(admission)}}`;
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":${response}}`;
}

/** Most objects of a cluster get the same. */
let last = { patch: '', encoded: '' };

function encode(operations: readonly PatchOperation[]): string {
  const patch = JSON.stringify(operations);
  if (patch !== last.patch) last = { patch, encoded: Buffer.from(patch).toString('base64') };
  return last.encoded;
}

/** The API server puts its own prefix before each key. What stands here is readable by whoever reads the audit log. */
function auditAnnotations({ reason, credentials, ensured }: Admission): string {
  const named = credentials.length === 0 ? '' : `,"credentials":${JSON.stringify(credentials.join(','))}`;
  const secured = ensured === undefined ? '' : `,"pull-secret":"${ensured}"`;
  return `"auditAnnotations":{"injection":"${reason}"${named}${secured}}`;
}
