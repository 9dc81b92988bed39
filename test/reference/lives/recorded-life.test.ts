import { describe, expect, test } from 'vitest';
import { combine, differences, lifeText, parseLife } from './recorded-life.ts';

const life = (...container: readonly string[]) => new Map([['container main', container]]);

describe('what several runs have in common', () => {
  const recorded = combine([
    life('waiting', 'running', 'terminated', 'waiting again', 'running'),
    life('waiting', 'terminated', 'waiting again', 'running'),
  ]);

  test('is kept in its order, and the rest is marked', () => {
    expect(lifeText(recorded)).toBe('container main\n  waiting\n? running\n  terminated\n  waiting again\n  running\n');
  });
  test('is read back as it was written', () => {
    expect(parseLife(lifeText(recorded))).toEqual(recorded);
  });
  test('is what another run must have', () => {
    expect(differences(recorded, life('waiting', 'terminated', 'waiting again', 'running'))).toEqual([]);
    expect(differences(recorded, life('waiting', 'running', 'terminated', 'running'))).toEqual([
      'container main: is never, or too early, "waiting again"',
    ]);
  });
  test('leaves no room for what no kubelet says', () => {
    expect(differences(recorded, life('waiting', 'terminated', 'waiting again', 'running', 'gone'))).toEqual([
      'container main: is "gone", which a kubelet does not say',
    ]);
    expect(
      differences(recorded, new Map([...life('waiting', 'terminated', 'waiting again', 'running'), ['reason', ['x']]])),
    ).toEqual(['reason: is "x", which a kubelet does not say']);
  });
  test('must be there even where the order differs', () => {
    const swapped = combine([life('a', 'b', 'c'), life('b', 'a', 'c')]);
    expect(differences(swapped, life('b', 'a', 'c'))).toEqual([]);
    expect(differences(swapped, life('c'))).toHaveLength(2);
  });
});
