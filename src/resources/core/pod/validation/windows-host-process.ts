import type { FieldError } from '../../../../machinery/field-error.ts';
import { invalid } from '../../../../machinery/field-errors.ts';
import type { Container, PodSpec } from '../../../schema/core-v1.generated.ts';

/** On Windows a pod runs as processes of the host altogether or not at all. */
export function validateWindowsHostProcess(spec: PodSpec, path: string, errors: FieldError[]): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const places: readonly (readonly [string, Container])[] = [
    ...spec.containers.map((container, index) => [`${path}.containers[${index}]`, container] as const),
    ...(spec.initContainers ?? []).map((container, index) => [`${path}.initContainers[${index}]`, container] as const),
  ];
  let hostProcesses = 0;
  for (const [place, { securityContext }] of places) {
    const own = securityContext?.windowsOptions?.hostProcess;
    if (own !== undefined && ofPod !== undefined && own !== ofPod) {
      const detail = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      errors.push(invalid(`${place}.securityContext.windowsOptions.hostProcess`, own, detail));
    }
    if (own ?? ofPod ?? false) hostProcesses++;
  }
  if (hostProcesses === 0) return;
  if (hostProcesses < places.length) {
    const detail = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    errors.push(invalid(path, '', detail));
  }
  if (spec.hostNetwork !== true) {
    const detail = 'hostNetwork must be true if pod contains any hostProcess containers';
    errors.push(invalid(`${path}.hostNetwork`, false, detail));
  }
}
