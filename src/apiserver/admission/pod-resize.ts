import type { Reader } from '../../client/client.ts';
import type { Draft } from '../../machinery/object.ts';
import { isReason, StatusError } from '../../machinery/status-error.ts';
import { sameSpec } from '../../resources/core/pod/same-resources.ts';
import { podRequests, resourceAmounts } from '../../resources/core/scheduling/pod-requests.ts';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

/** A pod on a node is not resized to what that node could never give it: what would never be done is refused at once. */
export function podResize(reader: Reader): AdmissionPlugin {
  return {
    name: 'PodResize',
    async validate(attributes: AdmissionAttributes): Promise<void> {
      if (attributes.operation !== 'UPDATE' || !appliesTo(attributes, pods, 'resize')) return;
      const pod = attributes.object as Draft<Pod> as Pod;
      const { nodeName = '' } = pod.spec ?? {};
      if (nodeName === '' || sameSpec(pod.spec, (attributes.old as Pod).spec)) return;
      const node = await nodeOf(reader, nodeName, attributes);
      const os = node.metadata.labels?.['kubernetes.io/os'] ?? 'linux';
      if (os !== 'linux') {
        const why = `pod resize is only supported on linux nodes, node "${nodeName}" is "${os}"`;
        throw refused(attributes, why, 'UnsupportedPlatform');
      }
      const lacking = lacks(pod, node);
      if (lacking === undefined) return;
      throw refused(attributes, `node didn't have enough allocatable resources: ${lacking}`, 'NodeCapacity');
    },
  };
}

async function nodeOf(reader: Reader, name: string, attributes: AdmissionAttributes): Promise<Node> {
  try {
    return await reader.get(nodes, { name });
  } catch (error) {
    if (isReason(error, 'NotFound')) throw admissionForbidden(attributes, `node "${name}" not found`);
    throw error;
  }
}

function lacks(pod: Pod, { status }: Node): string | undefined {
  const requests = podRequests(pod);
  const allocatable = resourceAmounts(status?.allocatable);
  const parts = ['cpu', 'memory'].flatMap((name) => {
    const [requested, given] = [requests[name] ?? 0, allocatable[name] ?? 0];
    return requested > given ? [`${name}, requested: ${requested}, allocatable: ${given}`] : [];
  });
  return parts.length === 0 ? undefined : parts.join('; ');
}

function refused(attributes: AdmissionAttributes, why: string, cause: string): StatusError {
  const { status } = admissionForbidden(attributes, why);
  const causes = [...(status.details?.causes ?? []), { reason: cause }];
  return new StatusError({ ...status, details: { ...status.details, causes } });
}
