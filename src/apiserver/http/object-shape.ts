import { StatusError } from '../../machinery/status-error.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { Projection } from './negotiate.ts';
import { type IncludeObject, partialShape, type Shape, TableShape, WholeShape } from './shapes.ts';

export interface ShapeRequest {
  readonly projection: Projection;
  readonly includeObject: string;
  readonly isList: boolean;
  readonly now: () => number;
}

/** The shape that a client asked for. Throws NotAcceptable where list and object are mixed up. */
export function objectShape(definition: ResourceDefinition, request: ShapeRequest): Shape {
  const { projection, isList, now } = request;
  switch (projection) {
    case 'whole':
      return new WholeShape(definition);
    case 'Table':
      return new TableShape(definition, includeObject(request.includeObject), now);
    case 'PartialObjectMetadata':
      if (isList) throw mixedUp(projection, 'a list', `${definition.names.listKind}`);
      return partialShape(definition);
    case 'PartialObjectMetadataList':
      if (!isList) throw mixedUp(projection, 'not a list', definition.type.kind);
      return partialShape(definition);
  }
}

/** Watches show single objects whatever the client called it. */
export function watchShape(definition: ResourceDefinition, request: Omit<ShapeRequest, 'isList'>): Shape {
  if (request.projection === 'PartialObjectMetadataList') return partialShape(definition);
  return objectShape(definition, { ...request, isList: false });
}

function includeObject(text: string): IncludeObject {
  if (text === '' || text === 'Metadata') return 'Metadata';
  if (text === 'Object' || text === 'None') return text;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(text)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

function mixedUp(projection: string, what: string, kind: string): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `you requested ${projection}, but the requested object is ${what} (*core.${kind})`,
  });
}
