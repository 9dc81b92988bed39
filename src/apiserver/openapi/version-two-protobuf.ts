import { ProtobufWriter } from '../../wire/protobuf-writer.ts';
import { methods } from './operations.ts';
import type { Component } from './schema-components.ts';
import type { OperationV2, ParameterV2, PathItemV2, VersionTwoDocument } from './version-two-document.ts';

/** The document as the message `openapi.v2.Document` (gnostic), which Go clients ask for first. */
export function versionTwoProtobuf(document: VersionTwoDocument): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter();
  writer.string(1, document.swagger);
  writer.message(2, (info) => {
    info.string(1, document.info.title);
    info.string(2, document.info.version);
  });
  writer.message(8, (paths) => named(paths, 2, document.paths, pathItem));
  writer.message(9, (definitions) => named(definitions, 1, document.definitions, schema));
  writer.message(10, (parameters) => named(parameters, 1, document.parameters, parameter));
  for (const requirement of document.security) {
    writer.message(12, (security) => named(security, 1, requirement, (scopes, list) => scopes.strings(1, list)));
  }
  writer.message(13, (definitions) =>
    named(definitions, 1, document.securityDefinitions, (item, { type, name, in: place, description }) =>
      item.message(2, (apiKey) => {
        apiKey.string(1, type);
        apiKey.string(2, name);
        apiKey.string(3, place);
        apiKey.string(4, description);
      }),
    ),
  );
  return writer.finish();
}

/** Members of an object, each as a message of name and value. */
function named<T>(
  writer: ProtobufWriter,
  field: number,
  members: Readonly<Record<string, T>>,
  write: (writer: ProtobufWriter, value: T) => void,
): void {
  for (const [name, value] of Object.entries(members)) {
    writer.message(field, (member) => {
      member.string(1, name);
      member.message(2, (inner) => write(inner, value));
    });
  }
}

function pathItem(writer: ProtobufWriter, item: PathItemV2): void {
  methods.forEach((method, index) => {
    const found = item[method];
    if (found !== undefined) writer.message(index + 2, (inner) => operation(inner, found));
  });
  parameters(writer, 9, item.parameters);
}

function operation(writer: ProtobufWriter, each: OperationV2): void {
  writer.strings(1, each.tags);
  writer.string(3, each.description);
  writer.string(5, each.operationId);
  writer.strings(6, each.produces);
  writer.strings(7, each.consumes);
  parameters(writer, 8, each.parameters);
  writer.message(9, (responses) =>
    named(responses, 1, each.responses, (value, { description, schema: body }) =>
      value.message(1, (response) => {
        response.string(1, description);
        if (body !== undefined) response.message(2, (item) => item.message(1, (inner) => schema(inner, body)));
      }),
    ),
  );
  writer.strings(10, each.schemes);
  extensions(writer, 13, each);
}

function parameters(writer: ProtobufWriter, field: number, list: PathItemV2['parameters'] = []): void {
  for (const entry of list) {
    writer.message(field, (item) => {
      if ('$ref' in entry) item.message(2, (reference) => reference.string(1, entry.$ref));
      else item.message(1, (inner) => parameter(inner, entry));
    });
  }
}

function parameter(writer: ProtobufWriter, each: ParameterV2): void {
  if (each.in === 'body') {
    writer.message(1, (body) => {
      body.string(2, each.name);
      body.string(3, each.in);
      body.bool(4, each.required);
      body.message(5, (inner) => schema(inner, each.schema));
    });
    return;
  }
  const inQuery = each.in === 'query';
  writer.message(2, (other) =>
    other.message(inQuery ? 3 : 4, (inner) => {
      inner.bool(1, each.required);
      inner.string(2, each.in);
      inner.string(3, each.description);
      inner.string(4, each.name);
      inner.string(inQuery ? 6 : 5, each.type);
      inner.bool(inQuery ? 20 : 19, each.uniqueItems);
    }),
  );
}

function schema(writer: ProtobufWriter, definition: Component): void {
  const { additionalProperties, type, items, properties } = definition;
  writer.string(1, definition.$ref);
  writer.string(2, definition.format);
  writer.string(4, definition.description);
  writer.strings(19, definition.required);
  for (const value of definition.enum ?? []) writer.message(20, (any) => any.string(2, yaml(value)));
  if (additionalProperties !== undefined)
    writer.message(21, (item) => item.message(1, (inner) => schema(inner, additionalProperties)));
  if (type !== undefined) writer.message(22, (item) => item.strings(1, [type]));
  if (items !== undefined) writer.message(23, (item) => item.message(1, (inner) => schema(inner, items)));
  if (properties !== undefined) writer.message(25, (item) => named(item, 1, properties, schema));
  extensions(writer, 31, definition);
}

function extensions(writer: ProtobufWriter, field: number, object: object): void {
  const found = Object.fromEntries(Object.entries(object).filter(([name]) => name.startsWith('x-')));
  named(writer, field, found, (any, value) => any.string(2, yaml(value)));
}

/** A value without a type of its own is text in YAML, of which JSON is a part. */
function yaml(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
