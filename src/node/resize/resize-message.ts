import { stableJson } from '../../machinery/hash.ts';
import type { Container, Pod } from '../../resources/schema/core-v1.generated.ts';

/** What an event about a resize says behind its first words: the resources that are asked for, and what is wrong. */
export function resizeMessage(head: string, { metadata, spec }: Pod, error = ''): string {
  const listed = (name: string, containers: readonly Container[] | undefined) =>
    containers === undefined || containers.length === 0
      ? []
      : [
          `"${name}":[${containers.map((each) => `{"name":"${each.name}","resources":${stableJson(each.resources ?? {})}}`).join(',')}]`,
        ];
  const parts = [
    ...listed('initContainers', spec?.initContainers),
    ...listed('containers', spec?.containers),
    `"generation":${metadata.generation ?? 0}`,
    ...(error === '' ? [] : [`"error":${JSON.stringify(error)}`]),
  ];
  return `${head}: {${parts.join(',')}}`;
}
