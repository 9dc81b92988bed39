import type { StructSchema } from '../../src/machinery/schema/schema.ts';
import { builtInSchemas } from '../../src/resources/schema/schema-table.ts';

/** The schema of a built-in type, for tests of rooms that must not know the types themselves. */
export function builtInSchema(name: string): StructSchema {
  const schema = builtInSchemas.get(name);
  if (schema === undefined) throw new Error(`no type ${name}`);
  return schema;
}
