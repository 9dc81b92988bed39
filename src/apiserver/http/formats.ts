import type { Representation } from './negotiate.ts';
import type { ObjectFormat, WatchFormat } from './object-format.ts';
import { ProtobufObjects, protobufValues } from './protobuf-objects.ts';
import { ProtobufWatch } from './protobuf-watch.ts';
import { isMessageShape, type Shape } from './shapes.ts';
import { compactFormat, prettyFormat, type TextFormat, yamlFormat } from './text-formats.ts';
import { TextObjects } from './text-objects.ts';
import { TextWatch } from './text-watch.ts';
import type { ValueFormat } from './value-format.ts';

export function valueFormat(representation: Pick<Representation, 'format' | 'pretty'>): ValueFormat {
  return representation.format === 'protobuf' ? protobufValues : textFormat(representation);
}

export function objectFormat(representation: Representation, shape: Shape): ObjectFormat {
  if (representation.format === 'protobuf' && isMessageShape(shape)) return new ProtobufObjects(shape);
  return new TextObjects(shape, textFormat(representation));
}

export function watchFormat({ format }: Representation, shape: Shape): WatchFormat {
  return format === 'protobuf' && isMessageShape(shape) ? new ProtobufWatch(shape) : new TextWatch(shape);
}

function textFormat({ format, pretty }: Pick<Representation, 'format' | 'pretty'>): TextFormat {
  if (format === 'yaml') return yamlFormat;
  return pretty ? prettyFormat : compactFormat;
}
