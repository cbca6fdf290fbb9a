// The AdmissionReview that goes back. `allowed` is always true: Pullpass never stands between a user and a deploy.
import type { Admission } from './admission.ts';

/** @returns JSON text; `uid` echoes the request's, or the API server would discard the answer */
export function formatAnswer(uid: string, admission: Admission): string {
  const { patch, warnings } = admission;
  const response = {
    uid,
    allowed: true,
    ...(patch.length === 0
      ? {}
      : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
    ...(warnings.length === 0 ? {} : { warnings }),
    auditAnnotations: auditAnnotations(admission),
  };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
}

/** The API server puts its own prefix before each key. What stands here is readable by whoever reads the audit log. */
function auditAnnotations({ reason, credentials, ensured }: Admission): Readonly<Record<string, string>> {
  return {
    injection: reason,
    ...(credentials.length === 0 ? {} : { credentials: credentials.join(',') }),
    ...(ensured === undefined ? {} : { 'pull-secret': ensured }),
  };
}
