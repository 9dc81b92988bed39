import { expect, test } from 'vitest';
import { type ContainerRuntime, RuntimeError } from '../runtime/runtime.ts';
import { probeOnce } from './probe-once.ts';

const target = { container: { name: 'main' }, containerId: 'c', podIp: '10.1.0.2' };
const probe = { exec: { command: ['check'] }, timeoutSeconds: 2 };

function ask(execSync: ContainerRuntime['execSync'], problem: string | undefined) {
  const host = { probeHttp: never, probeTcp: never, probeGrpc: never };
  const context = { runtime: { execSync }, host, version: 'v1.37.1', runtimeProblem: () => problem };
  return probeOnce(context, target, probe);
}
async function never(): Promise<never> {
  throw new Error('nobody is asked over the network');
}

test('a command that takes too long has failed; one that a runtime did not begin because it is down says nothing', async () => {
  const late = async () => {
    throw new RuntimeError('DeadlineExceeded', 'context deadline exceeded');
  };
  expect(await ask(late, undefined)).toEqual({
    outcome: 'failure',
    message: 'command timed out: "check" timed out after 2s',
  });
  expect(await ask(late, 'container runtime is down')).toEqual({
    outcome: 'unknown',
    message: 'rpc error: code = DeadlineExceeded desc = context deadline exceeded',
  });
});
