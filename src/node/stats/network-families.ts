import type { InterfaceUsage } from '../host/host.ts';
import { type MeasuredCgroup, timeOf, withLabel } from './measured-cgroup.ts';
import { counter, type MetricFamily } from './metric-text.ts';

/** What has gone through the interfaces of pods and of the node. */
export function networkFamilies(cgroups: readonly MeasuredCgroup[]): readonly MetricFamily[] {
  const directions = [
    ['receive', 'received', 'receiving', 'received'],
    ['transmit', 'sent', 'transmitting', 'transmitted'],
  ] as const;
  return directions.flatMap(([name, direction, doing, done]) => {
    const family = (what: string, help: string, field: keyof InterfaceUsage['sent']) =>
      counter(
        `container_network_${name}_${what}_total`,
        help,
        cgroups.flatMap((cgroup) =>
          (cgroup.interfaces ?? []).map((each) => ({
            labels: withLabel(cgroup.labels, 'interface', each.name),
            value: each[direction][field],
            ...timeOf(cgroup),
          })),
        ),
      );
    return [
      family('bytes', `Cumulative count of bytes ${done}`, 'bytes'),
      family('errors', `Cumulative count of errors encountered while ${doing}`, 'errors'),
      family('packets_dropped', `Cumulative count of packets dropped while ${doing}`, 'dropped'),
      family('packets', `Cumulative count of packets ${done}`, 'packets'),
    ];
  });
}
