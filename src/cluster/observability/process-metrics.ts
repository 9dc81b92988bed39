import { readdirSync } from 'node:fs';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Environment } from '../../machinery/environment/environment.ts';

const openFiles = '/proc/self/fd';

/** What this process takes of the machine, under the names that exporters of all languages give it; looked at whenever it is asked for. */
export function measureProcess(registry: Registry, clock: Pick<Environment, 'now'>): void {
  const registers = [registry];
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Time that processors have spent on this process.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1_000_000);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the machine that this process holds.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When this process began, since 1970.',
    registers,
  }).set(clock.now() / 1000 - process.uptime());
  if (process.platform !== 'linux') return;
  new Gauge({
    name: 'process_open_fds',
    help: 'Files and sockets that this process has open.',
    registers,
    collect() {
      this.set(readdirSync(openFiles).length);
    },
  });
}
