import type { HostInfo, MountedDisk } from '../host/host.ts';
import { detailFamilies, specFamilies } from './detail-families.ts';
import { diskFamilies } from './disk-families.ts';
import type { MeasuredCgroup } from './measured-cgroup.ts';
import { gauge, type MetricFamily, type MetricSample, metricText } from './metric-text.ts';
import { networkFamilies } from './network-families.ts';
import { usageFamilies } from './usage-families.ts';

export interface CadvisorInput {
  readonly info: HostInfo;
  readonly swapBytes: number;
  /** The first is the machine's own. */
  readonly cgroups: readonly MeasuredCgroup[];
  readonly disks: readonly MountedDisk[];
}

/**
 * What `/metrics/cadvisor` answers, of what is measured: the names and labels by which dashboards and alerts know containers. Undefined: it
 * could not be measured.
 */
export function cadvisorMetrics(input: CadvisorInput | undefined): string {
  const error = [{ labels: {}, value: input === undefined ? 1 : 0 }];
  const { cgroups = [], disks = [] } = input ?? {};
  return metricText([
    ...(input === undefined ? [] : machineFamilies(input)),
    ...usageFamilies(cgroups),
    ...detailFamilies(cgroups),
    ...specFamilies(cgroups),
    ...diskFamilies(cgroups, cgroups[0], disks),
    ...networkFamilies(cgroups),
    gauge('container_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', error),
    gauge('machine_scrape_error', '1 if there was an error while getting machine metrics, 0 otherwise.', error),
  ]);
}

function machineFamilies({ info, swapBytes }: CadvisorInput): readonly MetricFamily[] {
  const { bootId, machineId, systemUuid, kernelVersion, osImage } = info;
  const sample = (value: number, more: MetricSample['labels'] = {}): MetricSample => ({
    labels: { boot_id: bootId, machine_id: machineId, ...more, system_uuid: systemUuid },
    value,
  });
  const machine = (name: string, help: string, value: number) => gauge(`machine_${name}`, help, [sample(value)]);
  // There is neither a cadvisor nor a Docker; a kubelet leaves these empty, too.
  const versions = {
    cadvisorRevision: '',
    cadvisorVersion: '',
    dockerVersion: '',
    kernelVersion,
    osVersion: osImage,
  };
  return [
    gauge('cadvisor_version_info', 'The versions of what runs the node; always 1.', [{ labels: versions, value: 1 }]),
    // Mainframes have these.
    machine('cpu_books', 'Number of CPU books.', 0),
    machine('cpu_cores', 'Number of logical CPU cores.', info.cpus),
    machine('cpu_drawers', 'Number of CPU drawers.', 0),
    machine('cpu_physical_cores', 'Number of physical CPU cores.', info.cores),
    machine('cpu_sockets', 'Number of CPU sockets.', info.sockets),
    machine('memory_bytes', 'Amount of memory installed on the machine.', info.memoryBytes),
    // A kubelet knows of no memory that keeps its content either.
    machine('nvm_avg_power_budget_watts', 'NVM power budget.', 0),
    gauge(
      'machine_nvm_capacity',
      'NVM capacity by mode.',
      ['app_direct_mode', 'memory_mode'].map((mode) => sample(0, { mode })),
    ),
    machine('swap_bytes', 'Amount of swap memory available on the machine.', swapBytes),
  ];
}
