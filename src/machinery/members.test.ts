import { expect, test } from 'vitest';
import { isMembers, ownMember, setMember } from './members.ts';

test('what is an object of members', () => {
  expect([{}, [], null, 'x', undefined].map(isMembers)).toEqual([true, false, false, false, false]);
});

test('names that objects have anyway are names like others', () => {
  const target: Record<string, unknown> = {};
  setMember(target, '__proto__', { polluted: true });
  setMember(target, 'constructor', 'x');
  expect(JSON.stringify(target)).toBe('{"__proto__":{"polluted":true},"constructor":"x"}');
  expect(target).not.toHaveProperty('polluted');
  expect(ownMember({}, 'constructor')).toBeUndefined();
  expect(ownMember(target, 'constructor')).toBe('x');
});
