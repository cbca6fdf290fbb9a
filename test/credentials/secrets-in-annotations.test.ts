// The annotations of a labelled Secret are repeated in messages; somebody may have written a login there.
import t from 'tap';
import { credentialFromSecret } from '../../src/credentials/labelled-secret.ts';
import { CANARY, CANARY_AUTH, hidden, leak } from '../config/canary.ts';

const LOGINS = [
  `someone:${CANARY}@ghcr.io`,
  `https://someone:${CANARY}@ghcr.io/acme`,
  `team=a:${CANARY}@`,
  `someone:${CANARY}@ghcr.io in (a)`,
  `{"auths":{"ghcr.io":{"password":"${CANARY}"}}}`,
  `a={"auth":"${CANARY_AUTH}"}`,
];

t.test('no message repeats a login in an annotation', async (t) => {
  const data = JSON.stringify({ auths: { 'ghcr.io': { auth: CANARY_AUTH } } });
  for (const key of ['match', 'except', 'namespaces', 'namespace']) {
    for (const login of LOGINS) {
      const annotations = { [`pullpass.dev/${key}`]: login };
      const secret = { name: 'acme', uid: 'acme-1', type: 'kubernetes.io/dockerconfigjson', annotations, data };
      const reading = credentialFromSecret(secret, false);
      const problems = 'problems' in reading ? reading.problems : [];
      const name = `${key} ${hidden(login)}`;
      t.ok(problems.length > 0, `refused, ${name}`);
      t.equal(leak(problems.join('\n')) === undefined, true, name);
    }
  }
});

t.test('a selector that is only wrong is still explained', async (t) => {
  const data = JSON.stringify({ auths: { 'ghcr.io': { auth: CANARY_AUTH } } });
  const annotations = { 'pullpass.dev/namespaces': 'team=a b' };
  const type = 'kubernetes.io/dockerconfigjson';
  t.match(credentialFromSecret({ name: 'acme', uid: 'acme-1', type, annotations, data }, false), {
    problems: [/"team=a b" is not a label requirement/],
  });
});
