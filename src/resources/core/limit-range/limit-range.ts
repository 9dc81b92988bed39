import { nameIsDnsSubdomain } from '../../../machinery/names.ts';
import type { Draft } from '../../../machinery/object.ts';
import { define } from '../../define.ts';
import type { LimitRange, LimitRangeItem } from '../../schema/core-v1.generated.ts';
import { limitRanges } from '../../schema/resource-types.generated.ts';
import { validateLimitRange } from './validate-limit-range.ts';

export const limitRangeDefinition = define<LimitRange>(limitRanges, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/limitranges/' },
  setDefaults: ({ spec }) => spec?.limits?.forEach(setItemDefaults),
  validateName: nameIsDnsSubdomain,
  prepareForCreate(limitRange, { newId }) {
    const { name = '', ...metadata } = limitRange.metadata;
    if (name === '') limitRange.metadata = { name: newId(), ...metadata };
  },
  validate: validateLimitRange,
  createOnUpdate: true,
  row: ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? ''],
});

/** Containers get no less than the least and no more than the most, and ask for what they may use, unless something else is said. */
function setItemDefaults(item: Draft<LimitRangeItem>): void {
  if (item.type !== 'Container') return;
  const limits = { ...item.max, ...item.default };
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(limits).length > 0) item.default = limits;
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}
