import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { Expectations } from './expectations.ts';

test('creations and deletions are waited for, each deletion by its key', () => {
  const expectations = new Expectations(new VirtualEnvironment(1));
  expect(expectations.satisfied('rs')).toBe(true);
  expectations.expectCreations('rs', 2);
  expectations.creationObserved('rs');
  expect(expectations.satisfied('rs')).toBe(false);
  expectations.creationObserved('rs');
  expect(expectations.satisfied('rs')).toBe(true);

  expectations.expectDeletions('rs', ['a', 'b']);
  expectations.deletionObserved('rs', 'a');
  expectations.deletionObserved('rs', 'a');
  expectations.deletionObserved('rs', 'unrelated');
  expect(expectations.satisfied('rs')).toBe(false);
  expectations.deletionObserved('rs', 'b');
  expect(expectations.satisfied('rs')).toBe(true);
});

test('a lost event is waited for five minutes', async () => {
  const environment = new VirtualEnvironment(1);
  const expectations = new Expectations(environment);
  expectations.expectCreations('rs', 1);
  await environment.advance(5 * 60_000);
  expect(expectations.satisfied('rs')).toBe(false);
  await environment.advance(1);
  expect(expectations.satisfied('rs')).toBe(true);
});
