// Names that YAML would take for something else are quoted, in every style.
import t from 'tap';
import { parse } from 'yaml';
import { injectText, knownWith, OURS, PRIVATE } from './given.ts';

const NAMES = [
  'plain',
  'of-the.team-1',
  '1',
  '1e3',
  '0x1f',
  'y',
  'no',
  'true',
  'null',
  '1.5',
  '2020-01-01',
  'a"b',
  'a: b',
  '-',
  '',
];
const spec = `containers: [{name: a, image: "${PRIVATE}"}]`;
const STYLES = {
  'a new key': `spec:\n  ${spec}\n`,
  'a new item': `spec:\n  imagePullSecrets:\n  - name: ${OURS}\n  ${spec}\n`,
  'a new member': `spec: {${spec}}\n`,
  'a new item in brackets': `spec:\n  imagePullSecrets: [{name: ${OURS}}]\n  ${spec}\n`,
  'in the place of null': `spec:\n  imagePullSecrets: ~\n  ${spec}\n`,
  JSON: `"spec": {"containers": [{"name": "a", "image": "${PRIVATE}"}]}\n`,
};

for (const [style, text] of Object.entries(STYLES)) {
  t.test(style, async (t) => {
    for (const name of NAMES) {
      // A Pod also gets the Secrets of its ServiceAccount, of which ours would take it away.
      const injected = injectText(`apiVersion: v1\nkind: Pod\n${text}`, knownWith({ default: [name] }));
      const list = 'text' in injected ? parse(injected.text).spec.imagePullSecrets : injected.faults;
      t.strictSame(list, [{ name: OURS }, { name }], name);
    }
  });
}
