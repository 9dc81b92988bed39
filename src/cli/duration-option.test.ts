import { expect, test } from 'vitest';
import { durationOption } from './duration-option.ts';

test('names the option whose duration is none', () => {
  expect(durationOption('--ttl', '1h30m')).toBe(5_400_000);
  expect(() => durationOption('--ttl', 'soon')).toThrow(
    '--ttl: "soon" is not a duration: write for example 500ms, 90s, 5m or 1h30m',
  );
});
