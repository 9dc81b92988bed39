import { pods } from '../../../src/resources/schema/resource-types.generated.ts';
import { isReady, type Life, shell, untilTold } from './life.ts';

/** What a scheduler or a node says no to, and what it is asked to change. */
export const refusalLives: readonly Life[] = [
  {
    name: 'too-big-for-any-node',
    spec: { containers: [shell(untilTold, { resources: { requests: { cpu: '1000' } } })] },
    live: (world) => world.event('FailedScheduling'),
  },
  {
    name: 'no-such-label',
    spec: { nodeSelector: { 'example.com/none': 'x' }, containers: [shell(untilTold)] },
    live: (world) => world.event('FailedScheduling'),
  },
  {
    name: 'resized',
    spec: { containers: [shell(untilTold, { resources: { requests: { cpu: '50m' }, limits: { cpu: '100m' } } })] },
    live: async (world) => {
      const { client, namespace, name } = world;
      await world.until('it is ready', isReady);
      const resources = { requests: { cpu: '60m' }, limits: { cpu: '150m' } };
      const body = { spec: { containers: [{ name: 'main', resources }] } };
      await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'resize' });
      await world.until(
        'it has what it asks for',
        ({ status }) => status?.containerStatuses?.[0]?.resources?.limits?.['cpu'] === '150m',
      );
    },
  },
  {
    name: 'debugged',
    spec: { containers: [shell(untilTold)] },
    live: async (world) => {
      const { client, namespace, name } = world;
      await world.until('it is ready', isReady);
      const debug = shell('sleep 2; exit 6', { name: 'debug' });
      const body = { spec: { ephemeralContainers: [{ ...debug, targetContainerName: 'main' }] } };
      await client.patch(
        pods,
        { namespace, name },
        { type: 'strategic', body },
        { subresource: 'ephemeralcontainers' },
      );
      await world.until(
        'it has ended',
        ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.terminated !== undefined,
      );
    },
  },
];
