import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { flowSchemas, priorityLevelConfigurations } from '../../resources/schema/resource-types.generated.ts';
import { flowSchemaController } from './flow-schema-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(flowSchemaController);
});
afterEach(() => world.stop());

const dangling = async () => {
  await world.environment.settle();
  const [condition] = (await world.client.get(flowSchemas, { name: 'mine' })).status?.conditions ?? [];
  return `${condition?.type} ${condition?.status} ${condition?.reason}: ${condition?.message}`;
};
const name = 'This FlowSchema references the PriorityLevelConfiguration object named "slow"';

test('a FlowSchema says whether its priority level is there, as that comes and goes', async () => {
  const spec = { priorityLevelConfiguration: { name: 'slow' } };
  await world.client.create(flowSchemas, { metadata: { name: 'mine' }, spec });
  expect(await dangling()).toBe(`Dangling True NotFound: ${name} but there is no such object`);
  await world.client.create(priorityLevelConfigurations, {
    metadata: { name: 'slow' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  });
  expect(await dangling()).toBe(`Dangling False Found: ${name} and it exists`);
  await world.client.delete(priorityLevelConfigurations, { name: 'slow' });
  expect(await dangling()).toBe(`Dangling True NotFound: ${name} but there is no such object`);
});
