import { dnsLabel } from '../../machinery/names.ts';
import type { ObjectMeta } from '../../machinery/object.ts';

/** Pods are called after the workload that makes them, and pods are hosts. */
export function nameWarnings({ name = '' }: ObjectMeta): readonly string[] {
  const problems = dnsLabel(name);
  if (name === '' || problems.length === 0) return [];
  const list = problems.join(' ');
  return [
    `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${list}]`,
  ];
}
