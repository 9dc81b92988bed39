import { compileLabelSelector } from '../../machinery/label-selector.ts';
import type { Cell } from '../definition.ts';
import type { PodTemplateSpec } from '../schema/core-v1.generated.ts';
import type { LabelSelector } from '../schema/meta-v1.generated.ts';

/** Names and images of the containers of a template, as -o wide shows them. */
export function containerCells(template: PodTemplateSpec | undefined): readonly Cell[] {
  const containers = template?.spec?.containers ?? [];
  return [containers.map(({ name }) => name).join(','), containers.map(({ image }) => image ?? '').join(',')];
}

/** `app=web,tier in (front)`; `<none>` for a selector that selects everything, `<error>` for one that is none. */
export function selectorText(selector: LabelSelector | null | undefined): string {
  try {
    return compileLabelSelector(selector).toString() || '<none>';
  } catch {
    return '<error>';
  }
}
