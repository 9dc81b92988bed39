import { expect, test } from 'vitest';
import { bodyPieces } from './body-pieces.ts';

const kib = (count: number) => new Uint8Array(count * 1024);
const lengths = (...parts: readonly Uint8Array[]) => [...bodyPieces(parts)].map(({ length }) => length / 1024);

test('parts are put together until a piece is full', () => {
  expect(lengths(kib(1), kib(2), kib(3))).toEqual([6]);
  expect(lengths(kib(200), kib(100), kib(1))).toEqual([300, 1]);
});

test('there is no empty piece after one that is full', () => {
  expect(lengths(kib(256))).toEqual([256]);
});
