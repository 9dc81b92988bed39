import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StatusError } from '../../machinery/status-error.ts';
import { kindSchema } from '../../resources/schema/kind-schema.ts';
import { ProtobufWriter } from '../../wire/protobuf-writer.ts';
import { documentPieces } from '../protobuf/envelope.ts';
import { decodeProtobuf } from './decode-protobuf.ts';

const recorded = new URL('../../../test/reference/messages/recorded/', import.meta.url);

const target = (group: string, version: string, kind: string) => {
  const schema = kindSchema(group === '' ? version : `${group}/${version}`, kind);
  if (schema === undefined) throw new Error(`no type ${kind}`);
  return { group, version, kind, schema };
};
const pod = target('', 'v1', 'Pod');
const event = target('events.k8s.io', 'v1', 'Event');
const revision = target('apps', 'v1', 'ControllerRevision');
const definition = target('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition');

const wrapped = ({ group, version, kind }: typeof pod, message: Uint8Array) =>
  Buffer.concat(documentPieces({ apiVersion: group === '' ? version : `${group}/${version}`, kind }, [message]));

/** The answer to a body: undefined when it was taken. Whatever is thrown must be a bad request. */
function refusal(to: typeof pod, body: Uint8Array): string | undefined {
  try {
    decodeProtobuf(body, to);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError);
    expect((error as StatusError).code).toBe(400);
    return (error as StatusError).message;
  }
}

test('any bytes are an object or a bad request', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      refusal(pod, bytes);
      refusal(pod, wrapped(pod, bytes));
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['core.v1', pod],
  ['events.v1', event],
  ['apps.v1', revision],
  ['apiextensions.v1', definition],
])('real messages of %s with damage are an object or a bad request', (module, to) => {
  const lines = readFileSync(new URL(`${module}.jsonl`, recorded), 'utf8')
    .trim()
    .split('\n');
  const messages = lines
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === to.schema.name)
    .map(({ message }) => Buffer.from(message, 'base64'));
  const damage = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), kind: fc.constantFrom('set', 'cut', 'twice') });
  fc.assert(
    fc.property(fc.constantFrom(...messages), fc.array(damage, { minLength: 1, maxLength: 5 }), (message, damages) => {
      let bytes = Buffer.from(message);
      for (const { at, byte, kind } of damages) {
        const place = at % (bytes.length + 1);
        if (kind === 'set') bytes[place] = byte;
        else if (kind === 'cut') bytes = bytes.subarray(0, place);
        else bytes = Buffer.concat([bytes, bytes.subarray(place)]);
      }
      refusal(to, wrapped(to, bytes));
    }),
    { numRuns: 300 },
  );
});

test('messages within messages have an end', () => {
  const writer = new ProtobufWriter();
  const not = (depth: number): void => {
    if (depth > 0) writer.message(28, () => not(depth - 1));
  };
  const nested = (depth: number) => {
    writer.message(2, () => writer.message(7, () => writer.message(4, () => writer.message(1, () => not(depth)))));
    return refusal(definition, wrapped(definition, writer.finish()));
  };
  expect(nested(990)).toBeUndefined();
  expect(nested(1_500)).toContain('exceeded max depth');
});

test('JSON within a message has an end, and must be some', () => {
  const withData = (text: string) => {
    const writer = new ProtobufWriter();
    writer.message(2, () => writer.text(1, text));
    return refusal(revision, wrapped(revision, writer.finish()));
  };
  expect(withData('{"a":[1]}')).toBeUndefined();
  expect(withData('['.repeat(100_000))).toContain('exceeded max depth');
  expect(withData('{"a":')).toContain('ControllerRevision in version "v1" cannot be handled as a ControllerRevision');
});

test('lengths that are not there are not made room for', () => {
  expect(refusal(pod, wrapped(pod, Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x07)))).toContain('unexpected EOF');
  const negative = Uint8Array.of(0x0a, ...Array(9).fill(0xff), 1);
  expect(refusal(pod, wrapped(pod, negative))).toContain('negative length found during unmarshaling');
});

test('times beyond the years there are', () => {
  const writer = new ProtobufWriter();
  writer.message(1, () => writer.message(8, () => writer.integer(1, 2 ** 60)));
  expect(refusal(pod, wrapped(pod, writer.finish()))).toContain('year outside of range [0,9999]');
});

test('what occurs twice is merged, and of single values the last one counts', () => {
  const writer = new ProtobufWriter();
  writer.message(1, () => writer.text(1, 'first'));
  writer.message(1, () => writer.text(3, 'shop'));
  writer.message(1, () => writer.text(1, 'last'));
  expect(decodeProtobuf(wrapped(pod, writer.finish()), pod).metadata).toMatchObject({
    name: 'last',
    namespace: 'shop',
  });
});
