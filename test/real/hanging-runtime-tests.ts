import { expect, test } from 'vitest';
import { processes } from '../e2e/machine.ts';
import { containerOf, restarts, type TroubledCluster } from './troubled-cluster.ts';

/** A containerd that is there and does nothing. */
export function hangingRuntimeTests(trouble: TroubledCluster): void {
  test('one whose containerd hangs says that it is down, answers in time, and touches nothing when it is back', async () => {
    const { cluster, here, beside } = trouble;
    await Promise.all([cluster.run('held', beside, 'sleep 3600'), cluster.run('free', here, 'sleep 3600')]);
    const before = await trouble.ready('held');
    await trouble.ready('free');
    const config = `${cluster.directory}/nodes/2/containerd/config.toml`;
    const { pid = 0 } = processes().find(({ command }) => command.includes(`containerd --config ${config}`)) ?? {};
    const stoppedAt = cluster.environment.monotonic();
    process.kill(pid, 'SIGSTOP');
    try {
      const asked = cluster.exec('held', 'echo on').catch((error: unknown) => String(error));
      const condition = await trouble.nodeSays(beside, 'Ready', 'False', 50_000);
      expect(condition).toMatchObject({ reason: 'KubeletNotReady', message: 'container runtime is down' });
      expect(await asked).not.toContain('on\n');
      expect(cluster.environment.monotonic() - stoppedAt).toBeLessThan(50_000);
      expect(await cluster.logs('held')).toBe('');
      expect(await cluster.exec('free', 'echo on')).toBe('on\n');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await trouble.nodeSays(beside, 'Ready', 'True');
    const after = await trouble.ready('held');
    expect([containerOf(after), restarts(after)]).toEqual([containerOf(before), 0]);
    expect(await cluster.exec('held', 'echo on')).toBe('on\n');
  }, 90_000);
}
