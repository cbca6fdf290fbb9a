// Bytes as X.690 has them, and what is cut off.
import t from 'tap';
import { der, firstOf, TAG, valuesIn } from '../../src/certificates/der.ts';

for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 20_000_000]) {
  t.test(`a value of ${length} bytes is read as it was written`, async (t) => {
    const content = Buffer.alloc(length, 7);
    const [value, ...others] = valuesIn(der(TAG.octetString, content));
    t.equal(value?.tag, TAG.octetString);
    t.ok(value?.content.equals(content));
    t.equal(others.length, 0);
  });
}

t.test('lengths are as short as they can be', async (t) => {
  const heads = [127, 128, 256].map((length) => [...der(TAG.octetString, Buffer.alloc(length)).subarray(1, 4)]);
  t.same(heads, [
    [0x7f, 0, 0],
    [0x81, 0x80, 0],
    [0x82, 0x01, 0x00],
  ]);
});

t.test('values are found by their tag', async (t) => {
  const [whole] = valuesIn(der(TAG.sequence, der(TAG.integer, Buffer.from([2])), der(TAG.explicit(3), der(TAG.set))));
  const inside = valuesIn(whole?.content ?? Buffer.alloc(0));
  t.same([...(firstOf(TAG.integer, inside)?.content ?? [])], [2]);
  t.same([...(firstOf(TAG.explicit(3), inside)?.whole ?? [])], [0xa3, 2, 0x31, 0]);
  t.equal(firstOf(TAG.boolean, inside), undefined);
});

t.test('what is cut off is an error at each place', async (t) => {
  const whole = der(TAG.sequence, der(TAG.octetString, Buffer.alloc(300)));
  for (let length = 1; length < whole.length; length++) {
    t.throws(() => valuesIn(whole.subarray(0, length)), RangeError);
  }
});
