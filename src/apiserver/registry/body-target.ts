import type { DecodeTarget } from '../../machinery/schema/decode.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import { builtInSchema } from '../../resources/schema/schema-table.ts';
import type { ReviewHandler, SubresourceHandler } from './extension-points.ts';

/** As what the body of a write is decoded: as the kind itself, unless a subresource takes a type of its own. */
export function bodyTarget(
  { type, schema }: ResourceDefinition,
  handler?: ReviewHandler | SubresourceHandler,
): DecodeTarget {
  if (handler === undefined || !('bodyType' in handler)) return { ...type, schema };
  const { schemaName, ...bodyType } = handler.bodyType;
  return { ...bodyType, schema: builtInSchema(schemaName) };
}
