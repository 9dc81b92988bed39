import { isMembers, type Members } from '../members.ts';
import type { Draft, KubeObject } from '../object.ts';
import { quantityProblem } from '../quantity.ts';
import { base64Problem } from '../schema/base64.ts';
import { normalise } from '../schema/normalise.ts';
import type { ScalarSchema, Schema, StructSchema } from '../schema/schema.ts';
import { unclassifiedError } from '../status-errors.ts';
import { canonicalTime } from '../time.ts';
import { describe, groupVersionKind } from './apply.ts';

/**
 * A merged object in normal form. What `appliedProblem` lets pass may still be no value of its type, a quantity or a time above all: then
 * the configuration is refused in the words of Kubernetes.
 */
export function typedObject(schema: StructSchema, merged: Members, config: Members): Draft<KubeObject> {
  const { value, clean } = normalise(schema, merged);
  return (clean ? value : normalise(schema, converted(schema, merged, config)).value) as unknown as Draft<KubeObject>;
}

class Misfit extends Error {}

function converted(schema: StructSchema, merged: Members, config: Members): Members {
  try {
    return struct(schema, merged);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const kind = groupVersionKind(config['apiVersion'], config['kind']);
    const why = `unable to convert unstructured object to ${kind}: ${error.message}`;
    throw unclassifiedError(`failed to convert new object (${describe(config)}) to proper version: ${why}`);
  }
}

function struct({ fields }: StructSchema, source: Members): Members {
  const result: Record<string, unknown> = {};
  for (const { name, schema } of fields.values())
    if (source[name] !== undefined) result[name] = convert(schema, source[name]);
  return result;
}

function convert(schema: Schema, value: unknown): unknown {
  if (value === null) return null;
  switch (schema.kind) {
    case 'any':
      return value;
    case 'scalar':
      return scalar(schema.type, value);
    case 'list':
      return Array.isArray(value) ? value.map((item) => convert(schema.items, item)) : value;
    case 'struct':
      return isMembers(value) ? struct(schema, value) : value;
    case 'map': {
      if (!isMembers(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, convert(schema.values, member)]));
    }
  }
}

function scalar(type: ScalarSchema['type'], value: unknown): unknown {
  switch (type) {
    case 'int32':
    case 'int64':
      if (!Number.isInteger(value)) throw new Misfit(`cannot convert float64 to ${type}`);
      // Go's conversion keeps the lower bits.
      return type === 'int32' ? Number(BigInt.asIntN(32, BigInt(value as number))) : value;
    case 'intOrString':
      return intOrString(value);
    case 'quantity':
      return fitting(value, quantityProblem(String(value)));
    case 'bytes': {
      const at = base64Problem(String(value));
      return fitting(
        value,
        at === undefined ? undefined : `error decoding from json: illegal base64 data at input byte ${at}`,
      );
    }
    case 'time':
    case 'microTime': {
      const time = canonicalTime(String(value), type === 'time' ? 'seconds' : 'microseconds');
      return fitting(value, typeof time === 'string' ? undefined : time?.problem);
    }
    default:
      return value;
  }
}

function intOrString(value: unknown): unknown {
  if (typeof value === 'string' || (Number.isInteger(value) && ((value as number) | 0) === value)) return value;
  throw new Misfit(`json: cannot unmarshal ${jsonKind(value)} into Go value of type int32`);
}

function jsonKind(value: unknown): string {
  if (typeof value === 'number') return `number ${value}`;
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : 'object';
}

function fitting(value: unknown, problem: string | undefined): unknown {
  if (problem !== undefined) throw new Misfit(problem);
  return value;
}
