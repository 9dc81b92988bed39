import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import { appliedProblem } from './validate-applied.ts';

const configMap = builtInSchema('core.v1.ConfigMap');
const deployment = builtInSchema('apps.v1.Deployment');

/** What a Kubernetes 1.37.1 answered for each. */
test.each<[object, string | undefined]>([
  [{ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1', b: null }, metadata: null }, undefined],
  [{ foo: 1 }, '.foo: field not declared in schema'],
  [{ data: { a: 1 } }, '.data.a: expected string, got &value.valueUnstructured{Value:1}'],
  [{ data: [] }, '.data: expected map, got &{[]}'],
  [{ data: 'x' }, '.data: expected map, got &{x}'],
  [{ metadata: 1 }, '.metadata: expected map, got &{1}'],
  [{ metadata: { name: 1 } }, '.metadata.name: expected string, got &value.valueUnstructured{Value:1}'],
  [{ metadata: { finalizers: ['x.y/a', 'x.y/a'] } }, '.metadata.finalizers: duplicate entries for key [="x.y/a"]'],
  [
    { metadata: { finalizers: [null] } },
    ".metadata.finalizers: element 0: associative list without keys has an element that's an explicit null",
  ],
  [
    { metadata: { ownerReferences: [1] } },
    '.metadata.ownerReferences: element 0: associative list with keys may not have non-map elements',
  ],
  [
    { immutable: 'x', metadata: { generation: 'x', labels: { a: true } }, foo: 1, bar: 2 },
    'errors:\n  .immutable: expected boolean, got &{x}\n  .metadata.generation: expected numeric (int or float), got string\n  .metadata.labels.a: expected string, got &value.valueUnstructured{Value:true}\n  .foo: field not declared in schema',
  ],
])('%j: %s', (config, problem) => {
  expect(appliedProblem(configMap, config)).toBe(problem);
});

test('inside lists', () => {
  const containers = (...list: unknown[]) =>
    appliedProblem(deployment, { spec: { template: { spec: { containers: list } } } });
  expect(containers({ name: 'a', command: ['x', true] })).toBe(
    '.spec.template.spec.containers[name="a"].command[1]: expected string, got &value.valueUnstructured{Value:true}',
  );
  expect(containers({ name: 'a', resources: { limits: { cpu: { a: ['x'] } } } })).toBe(
    '.spec.template.spec.containers[name="a"].resources.limits.cpu: expected any scalar, got &{map[a:[x]]}',
  );
  expect(containers({ name: { a: 'x' } })).toBe(
    '.spec.template.spec.containers[name=a="x"].name: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":"x"}}',
  );
  expect(appliedProblem(deployment, { spec: { replicas: [], template: { spec: { containers: {} } } } })).toBe(
    'errors:\n  .spec.replicas: expected numeric (int or float), got []interface {}\n  .spec.template.spec.containers: expected list, got &{map[]}',
  );
});
