import type { ScalarSchema, Schema } from './schema.ts';

const scalarTypes: Readonly<Record<ScalarSchema['type'], string>> = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  bytes: '[]uint8',
  // These read a string, or a number, and are named by it when they get something else.
  time: 'string',
  microTime: 'string',
  duration: 'string',
  quantity: 'resource.Quantity',
  intOrString: 'int32',
};

/** How Go names the type of a schema in messages: `v1.PodSpec`, `[]v1.Container`, `v1.PullPolicy`, `map[string]string`. */
export function goType(schema: Schema): string {
  switch (schema.kind) {
    case 'scalar':
      return schema.goName ?? scalarTypes[schema.type];
    case 'struct':
      return schema.name.split('.').slice(-2).join('.');
    case 'list':
      return `[]${goType(schema.items)}`;
    case 'map':
      return isResourceList(schema.values) ? 'v1.ResourceList' : `map[string]${goType(schema.values)}`;
    case 'any':
      return 'interface {}';
  }
}

/** `DeploymentSpec`: a struct without its package. */
export function goStructName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function isResourceList(values: Schema): boolean {
  return values.kind === 'scalar' && values.type === 'quantity';
}
