import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatResize, ResizeEvents } from './resize-events.ts';

function sizesOf(...chunks: readonly string[]): readonly object[] {
  const events = new ResizeEvents();
  const sizes: object[] = [];
  events.onResize((size) => sizes.push(size));
  for (const chunk of chunks) events.push(Buffer.from(chunk));
  return sizes;
}

test('sizes are read however they are cut', () => {
  const both = formatResize({ width: 80, height: 24 }).toString() + formatResize({ width: 100, height: 40 }).toString();
  const expected = [
    { width: 80, height: 24 },
    { width: 100, height: 40 },
  ];
  expect(sizesOf(both)).toEqual(expected);
  expect(sizesOf(...both)).toEqual(expected);
});

test.each(['{}', '{"Width":-1,"Height":5}', '{"Width":1e9,"Height":5}', '{"Width":"a","Height":5}', '[1}', '}{'])(
  '%s is no size',
  (text) => {
    expect(sizesOf(text)).toEqual([]);
    expect(sizesOf(text, 'x'.repeat(2000), '}', '{"Width":1,"Height":2}').at(-1)).toEqual({ width: 1, height: 2 });
  },
);

test('arbitrary text never fails', () => {
  fc.assert(fc.property(fc.array(fc.string()), (chunks) => void sizesOf(...chunks)));
});
