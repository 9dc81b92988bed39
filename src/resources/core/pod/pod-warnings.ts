import type { Pod, PodTemplateSpec } from '../../schema/core-v1.generated.ts';

export function podWarnings(_pod: Pod, _old: Pod | undefined): readonly string[] {
  return [];
}

export function podTemplateWarnings(
  _template: PodTemplateSpec | undefined,
  _old: PodTemplateSpec | undefined,
): readonly string[] {
  return [];
}
