import type { Pod } from '../../schema/core-v1.generated.ts';

export function podWarnings(_pod: Pod, _old: Pod | undefined): readonly string[] {
  return [];
}
