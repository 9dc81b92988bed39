import { define } from '../define.ts';
import { metricsNodes } from '../schema/resource-types.generated.ts';
import { usageCells } from './usage-cells.ts';

/** What a node uses, measured when it is asked for: it is never stored. */
export const nodeMetrics = define(metricsNodes, {
  validateName: () => [],
  row: ({ metadata, usage, window }) => [metadata.name ?? '', ...usageCells([usage]), window],
});
