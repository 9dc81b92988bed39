import { define } from '../define.ts';
import { metricsPods } from '../schema/resource-types.generated.ts';
import { usageCells } from './usage-cells.ts';

/** What a pod's containers use, measured when it is asked for: it is never stored. */
export const podMetrics = define(metricsPods, {
  validateName: () => [],
  row: ({ metadata, containers, window }) => [
    metadata.name ?? '',
    ...usageCells(containers.map(({ usage }) => usage)),
    window,
  ],
});
