import type { SuccessPolicy } from '../../resources/schema/batch-v1.generated.ts';
import { countCommon, countIndexes, type IndexRanges, parseIndexRanges } from './index-ranges.ts';

/** Which rule says that the job has succeeded already (KEP-3998), as a message; undefined when none does. */
export function metSuccessPolicy(
  policy: SuccessPolicy | undefined,
  completions: number,
  succeeded: IndexRanges,
): string | undefined {
  if (succeeded.length === 0) return undefined;
  const index = (policy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined)
      return succeededCount !== undefined && countIndexes(succeeded) >= succeededCount;
    const wanted = parseIndexRanges(succeededIndexes, completions);
    const common = countCommon(wanted, succeeded);
    if (wanted.length === 0) return false;
    return common === countIndexes(wanted) || (succeededCount !== undefined && common >= succeededCount);
  });
  return index < 0 ? undefined : `Matched rules at index ${index}`;
}
