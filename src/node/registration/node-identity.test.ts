import { describe, expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { MemoryFiles } from '../host/simulated/memory-files.ts';
import { ensureNodeId, nameProblem, nodeIdAnnotation } from './node-identity.ts';

test('an id is made once for a directory', async () => {
  const environment = new VirtualEnvironment(1);
  const files = new MemoryFiles(environment);
  const id = await ensureNodeId(files, environment, '/node');
  expect(id).not.toBe('');
  expect(await ensureNodeId(files, environment, '/node')).toBe(id);
  expect(await ensureNodeId(files, environment, '/other')).not.toBe(id);
});

describe('a name', () => {
  const node = (id: string | undefined, ready: 'True' | 'False' | 'Unknown'): Node => ({
    metadata: { name: 'n', ...(id === undefined ? {} : { annotations: { [nodeIdAnnotation]: id } }) },
    status: {
      conditions: [{ type: 'Ready', status: ready }],
      addresses: [{ type: 'InternalIP', address: '10.0.0.7' }],
    },
  });

  test('belongs to the machine that has it and is ready', () => {
    expect(nameProblem(node('a', 'True'), 'b')).toContain('another machine (10.0.0.7) is the node n of this cluster');
  });

  test.each([
    ['its own machine', node('a', 'True'), 'a'],
    ['another one, when the first does not answer', node('a', 'Unknown'), 'b'],
    ['anybody, when no machine has claimed it', node(undefined, 'True'), 'b'],
    ['simulated machines, which have no ids', node('a', 'True'), ''],
  ])('may be that of %s', (_, existing, id) => {
    expect(nameProblem(existing, id)).toBeUndefined();
  });
});
