import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { normalise } from '../../machinery/schema/normalise.ts';
import { builtInSchemas } from '../../resources/schema/schema-table.ts';
import { decodeMessage } from './decode-message.ts';
import { encodeMessage } from './encode-message.ts';

interface Recorded {
  readonly type: string;
  readonly json: object;
  /** In base64. */
  readonly message: string;
}

const folder = new URL('../../../test/reference/messages/recorded/', import.meta.url);

for (const file of readdirSync(folder)) {
  test(`messages of ${file} are those of Kubernetes, in and out`, () => {
    for (const line of readFileSync(new URL(file, folder), 'utf8').trim().split('\n')) {
      const { type, json, message } = JSON.parse(line) as Recorded;
      const schema = builtInSchemas.get(type);
      if (schema === undefined) throw new Error(`no schema of ${type}`);
      const bytes = Buffer.from(message, 'base64');
      expect(Buffer.from(encodeMessage(schema, json)).toString('hex'), line).toBe(bytes.toString('hex'));
      const decoded = normalise(schema, decodeMessage(schema, bytes));
      expect(decoded.value, line).toEqual(normalise(schema, json).value);
      expect(decoded.clean, line).toBe(true);
    }
  });
}
