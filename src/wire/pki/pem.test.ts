import { expect, test } from 'vitest';
import { parsePem, toPem } from './pem.ts';

test('a block survives the round trip, in lines of 64 characters', () => {
  const content = Buffer.from(Array.from({ length: 100 }, (_, index) => index));
  const text = toPem('CERTIFICATE', content);
  expect(text.split('\n').map((line) => line.length)).toEqual([27, 64, 64, 8, 25, 0]);
  expect(parsePem(text, 'CERTIFICATE')).toEqual([content]);
});

test('blocks of other labels and text in between are passed over', () => {
  const text = `subject=x\n${toPem('CERTIFICATE', Buffer.of(1))}# note\n${toPem('PRIVATE KEY', Buffer.of(2))}${toPem('CERTIFICATE', Buffer.of(3))}`;
  expect(parsePem(text, 'CERTIFICATE')).toEqual([Buffer.of(1), Buffer.of(3)]);
});
