import { expect, test } from 'vitest';
import type { StorageVersionMigration } from '../../resources/schema/storagemigration-v1.generated.ts';
import { planMigrations } from './plan-migrations.ts';

const time = '2026-01-01T00:00:00Z';

function migration(name: string, creationTimestamp: string, ...conditions: readonly string[]): StorageVersionMigration {
  return {
    metadata: { name, creationTimestamp },
    status: {
      conditions: conditions.map((type) => ({
        type,
        status: 'True',
        reason: '',
        message: '',
        lastTransitionTime: time,
      })),
    },
  };
}

const names = (all: readonly StorageVersionMigration[]) => all.map(({ metadata }) => metadata.name);

test.each([
  ['nothing', [], { toFinish: [], running: [], toStart: undefined }],
  ['the oldest begins', [migration('a', '3'), migration('b', '2')], { toFinish: [], running: [], toStart: 'b' }],
  ['of one age by name', [migration('b', '2'), migration('a', '2')], { toFinish: [], running: [], toStart: 'a' }],
  [
    'one at a time',
    [migration('a', '1'), migration('b', '2', 'Running')],
    { toFinish: [], running: ['b'], toStart: undefined },
  ],
  [
    'the next when one has ended',
    [migration('a', '1', 'Running', 'Succeeded'), migration('b', '2', 'Running', 'Failed'), migration('c', '3')],
    { toFinish: ['a', 'b'], running: [], toStart: 'c' },
  ],
  ['never twice', [migration('a', '1', 'Succeeded')], { toFinish: [], running: [], toStart: undefined }],
])('%s', (_what, migrations, expected) => {
  const { toFinish, running, toStart } = planMigrations(migrations);
  expect({ toFinish: names(toFinish), running: names(running), toStart: toStart?.metadata.name }).toEqual(expected);
});
