import type { Plugin } from '../framework.ts';
import { type DynamicResourcesOptions, dynamicResources } from './dynamic-resources.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import {
  nodeAffinity,
  nodeName,
  nodePorts,
  nodeUnschedulable,
  schedulingGates,
  taintToleration,
} from './node-basics.ts';
import { nodeResourcesBalancedAllocation, nodeResourcesFit } from './node-resources.ts';
import { type NodeVolumeLimitsOptions, nodeVolumeLimits } from './node-volume-limits.ts';
import { type OwnerSelector, podTopologySpread } from './pod-topology-spread.ts';
import { type VolumeBindingOptions, volumeBinding } from './volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';

/** The default profile, in the order in which filters are asked: the cheap and the final ones first. */
export function defaultPlugins(
  options: VolumeBindingOptions &
    NodeVolumeLimitsOptions &
    DynamicResourcesOptions & { readonly ownerSelector: OwnerSelector },
): readonly Plugin[] {
  return [
    schedulingGates,
    nodeUnschedulable,
    nodeName,
    taintToleration,
    nodeAffinity,
    nodePorts,
    nodeResourcesFit,
    volumeRestrictions(options.claims),
    nodeVolumeLimits(options),
    volumeBinding(options),
    volumeZone(options),
    podTopologySpread(options.ownerSelector),
    interPodAffinity,
    dynamicResources(options),
    nodeResourcesBalancedAllocation,
    imageLocality,
  ];
}
