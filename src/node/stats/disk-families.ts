import type { DiskActivity, DiskTransfer, MountedDisk } from '../host/host.ts';
import { type MeasuredCgroup, timeOf, withLabel } from './measured-cgroup.ts';
import { counter, gauge, type MetricFamily, type MetricSample } from './metric-text.ts';

/** A kubelet divides milliseconds by this where it says seconds, and whoever compares nodes wants the same. */
const perSecond = 1e9;

/**
 * What the disks of the machine hold and do, told of its own cgroup (`machine`) alone, and what each cgroup has read from and written to
 * them as far as the kernel counts that.
 */
export function diskFamilies(
  cgroups: readonly MeasuredCgroup[],
  machine: MeasuredCgroup | undefined,
  disks: readonly MountedDisk[],
): readonly MetricFamily[] {
  const held = (of: (disk: MountedDisk) => number | undefined): readonly MetricSample[] =>
    machine === undefined ? [] : disks.flatMap((disk) => sample(machine, disk.device, of(disk)));
  const done = (of: (activity: DiskActivity) => number) => held(({ activity }) => activity && of(activity));
  const moved = (of: (transfer: DiskTransfer) => number, known: readonly MetricSample[] = []) => {
    const told = new Set(known.map(({ labels }) => labels['device']));
    return [
      ...known,
      ...cgroups.flatMap((cgroup) =>
        (cgroup.details?.transfers ?? [])
          // Of the machine, what its disk has done is known better.
          .filter(({ device }) => cgroup !== machine || !told.has(device))
          .flatMap((transfer) => sample(cgroup, transfer.device, of(transfer))),
      ),
    ];
  };
  const family = (type: typeof gauge, name: string, help: string, samples: readonly MetricSample[]) =>
    type(`container_fs_${name}`, help, samples);
  return [
    family(
      gauge,
      'inodes_free',
      'Number of available Inodes',
      held(({ inodesFree }) => inodesFree),
    ),
    family(
      gauge,
      'inodes_total',
      'Number of Inodes',
      held(({ inodes }) => inodes),
    ),
    family(
      gauge,
      'io_current',
      'Number of I/Os currently in progress',
      done(({ inProgress }) => inProgress),
    ),
    family(
      counter,
      'io_time_seconds_total',
      'Time in which the disk was busy.',
      done(({ busyMs }) => busyMs / perSecond),
    ),
    family(
      counter,
      'io_time_weighted_seconds_total',
      'Time in which the disk was busy, as often as it was.',
      done(({ weightedMs }) => weightedMs / perSecond),
    ),
    family(
      gauge,
      'limit_bytes',
      'Bytes that the file system has room for.',
      held(({ capacityBytes }) => capacityBytes),
    ),
    family(
      counter,
      'read_seconds_total',
      'Time spent reading.',
      done(({ readMs }) => readMs / perSecond),
    ),
    family(
      counter,
      'reads_bytes_total',
      'Cumulative count of bytes read',
      moved(({ readBytes }) => readBytes),
    ),
    family(
      counter,
      'reads_merged_total',
      'Cumulative count of reads merged',
      done(({ readsMerged }) => readsMerged),
    ),
    family(
      counter,
      'reads_total',
      'Cumulative count of reads completed',
      moved(
        ({ reads }) => reads,
        done(({ reads }) => reads),
      ),
    ),
    family(
      counter,
      'sector_reads_total',
      'Sectors that were read.',
      done(({ sectorsRead }) => sectorsRead),
    ),
    family(
      counter,
      'sector_writes_total',
      'Sectors that were written.',
      done(({ sectorsWritten }) => sectorsWritten),
    ),
    family(
      gauge,
      'usage_bytes',
      'Bytes that are taken of the file system.',
      held(({ usedBytes }) => usedBytes),
    ),
    family(
      counter,
      'write_seconds_total',
      'Time spent writing.',
      done(({ writeMs }) => writeMs / perSecond),
    ),
    family(
      counter,
      'writes_bytes_total',
      'Cumulative count of bytes written',
      moved(({ writtenBytes }) => writtenBytes),
    ),
    family(
      counter,
      'writes_merged_total',
      'Cumulative count of writes merged',
      done(({ writesMerged }) => writesMerged),
    ),
    family(
      counter,
      'writes_total',
      'Cumulative count of writes completed',
      moved(
        ({ writes }) => writes,
        done(({ writes }) => writes),
      ),
    ),
  ];
}

function sample(cgroup: MeasuredCgroup, device: string, value: number | undefined): readonly MetricSample[] {
  return value === undefined ? [] : [{ labels: withLabel(cgroup.labels, 'device', device), value, ...timeOf(cgroup) }];
}
