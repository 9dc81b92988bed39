import { expect, test } from 'vitest';
import { VirtualEnvironment } from './environment/virtual.ts';
import { generateName, randomSuffix } from './name-generation.ts';

test('generated names', () => {
  const environment = new VirtualEnvironment(1);
  expect(generateName('web-', environment)).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  expect(generateName('x'.repeat(100), environment)).toHaveLength(63);
  expect(new Set(Array.from({ length: 100 }, () => randomSuffix(environment, 10))).size).toBe(100);
});
