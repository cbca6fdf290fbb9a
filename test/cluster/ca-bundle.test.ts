import t from 'tap';
import { withCa } from '../../src/cluster/ca-bundle.ts';
import { caUntil } from './certificates.ts';

const NOW = Date.UTC(2030, 0, 1);
const DAY = 86_400_000;
const ours = await caUntil('ours', NOW + DAY);
const other = await caUntil('other', NOW + DAY);
const expired = await caUntil('expired', NOW - DAY);
const garbage = '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydA==\n-----END CERTIFICATE-----\n';
const unended = '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydA==\n';

const rows: readonly { readonly why: string; readonly has: string; readonly wants: string }[] = [
  { why: 'nothing yet', has: '', wants: ours },
  { why: 'the line end that charts put there', has: '\n', wants: ours },
  { why: 'present already', has: ours, wants: ours },
  {
    why: 'present among others, untouched to the byte',
    has: `# mine\n${other}\n${ours}`,
    wants: `# mine\n${other}\n${ours}`,
  },
  { why: 'beside those that are there', has: other, wants: other + ours },
  { why: 'an expired one leaves', has: expired + other, wants: other + ours },
  { why: 'also when ours is there', has: ours + expired, wants: ours },
  { why: 'no certificate at all leaves', has: garbage + other, wants: other + ours },
  { why: 'a block without an end does not swallow the next', has: unended + other, wants: other + ours },
  {
    why: 'other line ends are the same certificate',
    has: ours.replaceAll('\n', '\r\n'),
    wants: ours.replaceAll('\n', '\r\n'),
  },
];
for (const { why, has, wants } of rows) {
  t.test(why, async (t) => {
    t.equal(withCa(has, ours, NOW), wants);
    t.equal(withCa(wants, ours, NOW), wants, 'twice changes nothing');
  });
}
