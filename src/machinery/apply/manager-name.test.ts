import { expect, test } from 'vitest';
import { managerName } from './manager-name.ts';

test.each([
  ['mine', 'kubectl/v1.37.1', 'mine'],
  ['', 'kubectl/v1.37.1 (linux/amd64) kubernetes/abc', 'kubectl'],
  ['', 'Go-http-client/2.0', 'Go-http-client'],
  ['', 'a\nb\u007f', 'ab'],
  ['', '', ''],
  ['', 'é'.repeat(100), 'é'.repeat(64)],
])('%j of %j is %j', (fieldManager, userAgent, name) => {
  expect(managerName(fieldManager, userAgent)).toBe(name);
});
