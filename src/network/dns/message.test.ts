import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeAnswer, parseQuestion } from './message.ts';

const query = Uint8Array.fromHex('002a01000001000000000001036162630378797a00000100010000291000000000000000');

test('a question is read, its size for answers too', () => {
  expect(parseQuestion(query)).toMatchObject({
    id: 42,
    name: 'abc.xyz',
    type: 1,
    class: 1,
    udpSize: 4096,
    repeated: 0x0100,
    edns: 0,
  });
});

test('hostile bytes are read as nothing or as a question, and never hang', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(query.length), (noise, at) => {
      parseQuestion(noise);
      const broken = Uint8Array.from([...query.subarray(0, at), ...noise]);
      const question = parseQuestion(broken);
      if (question !== undefined) expect(question.name.length).toBeLessThanOrEqual(1024);
    }),
  );
});

test('an answer that does not fit is cut and marked', () => {
  const question = parseQuestion(query);
  if (question === undefined) throw new Error('the question was not read');
  const answers = Array.from(
    { length: 100 },
    (_, index) => ({ type: 'A', name: 'abc.xyz', ttl: 5, address: `10.0.0.${index}` }) as const,
  );
  const whole = encodeAnswer(question, { code: 0, authoritative: true, answers }, 4096);
  const cut = encodeAnswer(question, { code: 0, authoritative: true, answers }, 512);
  expect([(whole[2] ?? 0) & 2, (cut[2] ?? 0) & 2]).toEqual([0, 2]);
  expect(cut.length).toBeLessThan(512);
});
