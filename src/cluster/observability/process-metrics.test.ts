import { expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import { PrometheusMetrics } from './prometheus-metrics.ts';

function sampleOf(text: string, name: string): number {
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

test('a process tells when it began and what it takes at the moment', async () => {
  const metrics = PrometheusMetrics.ofProcess(realEnvironment);
  const text = await metrics.text();
  expect(Math.abs(sampleOf(text, 'process_start_time_seconds') - (Date.now() / 1000 - process.uptime()))).toBeLessThan(
    5,
  );
  expect(sampleOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  expect(sampleOf(text, 'process_open_fds')).toBeGreaterThan(2);
  const cpu = sampleOf(text, 'process_cpu_seconds_total');
  expect(cpu).toBeGreaterThan(0);
  for (let spent = process.cpuUsage(); process.cpuUsage(spent).user < 20_000; );
  expect(sampleOf(await metrics.text(), 'process_cpu_seconds_total')).toBeGreaterThan(cpu);
});
