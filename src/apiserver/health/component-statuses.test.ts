import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { componentStatuses } from './component-statuses.ts';

const environment = new VirtualEnvironment(1);
const handler = componentStatuses(
  [
    { name: 'scheduler', check: () => {} },
    {
      name: 'controller-manager',
      check() {
        throw new Error('the controller-manager does not run');
      },
    },
    { name: 'etcd-0', check: () => new Promise(() => {}) },
  ],
  environment,
);

test('each part says how it is, and one that says nothing for twenty seconds is not well', async () => {
  const listing = handler.list({ namespace: '' });
  await environment.advance(21_000);
  expect(await listing).toMatchObject([
    { metadata: { name: 'scheduler' }, conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] },
    {
      metadata: { name: 'controller-manager' },
      conditions: [{ type: 'Healthy', status: 'False', error: 'the controller-manager does not run' }],
    },
    { metadata: { name: 'etcd-0' }, conditions: [{ type: 'Healthy', status: 'False' }] },
  ]);
});

test('a part is asked for by its name', async () => {
  expect(await handler.get({ namespace: '', name: 'scheduler' })).toMatchObject({ metadata: { name: 'scheduler' } });
  await expect(handler.get({ namespace: '', name: 'x' })).rejects.toThrow('componentstatus "x" not found');
});
