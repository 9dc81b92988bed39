import { findCondition } from '../../../machinery/conditions.ts';
import { nameIsDnsSubdomain } from '../../../machinery/names.ts';
import type { Draft } from '../../../machinery/object.ts';
import { ageSince } from '../../../machinery/time.ts';
import { define } from '../../define.ts';
import type { Cell } from '../../definition.ts';
import type { Node, NodeSpec } from '../../schema/core-v1.generated.ts';
import { nodes } from '../../schema/resource-types.generated.ts';
import { shared } from '../../shared.ts';
import { roundResources } from '../pod/resource-defaults.ts';
import { validateNode, validateNodeStatus, validateNodeUpdate } from './validate-node.ts';

export const nodeDefinition = define<Node>(nodes, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/minions/' },
  setDefaults(node) {
    node.spec ??= {};
    node.status ??= {};
    const { status } = node;
    status.daemonEndpoints ??= {};
    status.daemonEndpoints.kubeletEndpoint ??= { Port: 0 };
    if (status.capacity !== undefined) roundResources(status.capacity);
    if (status.allocatable !== undefined) roundResources(status.allocatable);
    if (status.allocatable === undefined && status.capacity !== undefined) status.allocatable = { ...status.capacity };
    mirrorPodRange(node.spec);
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate: dropDisabledFields,
  prepareForUpdate(node, old) {
    node.status = shared(old.status ?? {});
    dropDisabledFields(node);
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  status: {
    prepareForUpdate(node, old) {
      node.spec = shared(old.spec ?? {});
      if (old.status?.config === undefined) delete node.status?.config;
    },
    validateUpdate: validateNodeStatus,
  },
  warnings: ({ spec }) =>
    spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : [],
  fields: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) },
  row: nodeRow,
});

/** `podCIDR` is the first of `podCIDRs`; where they disagree the single one is right. */
function mirrorPodRange(spec: Draft<NodeSpec>): void {
  const { podCIDR, podCIDRs } = spec;
  if (podCIDR && podCIDR !== podCIDRs?.[0]) spec.podCIDRs = [podCIDR];
  else if (!podCIDR && podCIDRs?.[0] !== undefined) spec.podCIDR = podCIDRs[0];
}

/** Configuration by the API is gone, and preemption for resizes behind a gate that is off. */
function dropDisabledFields({ spec }: Draft<Node>): void {
  delete spec?.configSource;
  delete spec?.podPreemptionPolicy;
}

function nodeRow({ metadata, spec, status }: Node, now: number): readonly Cell[] {
  const address = (type: string) => status?.addresses?.find((each) => each.type === type)?.address ?? '<none>';
  const info = status?.nodeInfo;
  const kernel = info?.kernelVersion || '<unknown>';
  return [
    metadata.name ?? '',
    statusText({ metadata, spec, status }),
    rolesText(metadata.labels ?? {}),
    ageSince(metadata.creationTimestamp, now),
    info?.kubeletVersion ?? '',
    address('InternalIP'),
    address('ExternalIP'),
    info?.osImage || '<unknown>',
    info?.architecture === undefined || info.architecture === '' ? kernel : `${kernel} (${info.architecture})`,
    info?.containerRuntimeVersion || '<unknown>',
  ];
}

function statusText({ spec, status }: Node): string {
  const ready = findCondition(status?.conditions, 'Ready');
  const text = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable === true ? `${text},SchedulingDisabled` : text;
}

const rolePrefix = 'node-role.kubernetes.io/';

function rolesText(labels: Readonly<Record<string, string>>): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(labels)) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return roles.size === 0 ? '<none>' : [...roles].sort().join(',');
}
