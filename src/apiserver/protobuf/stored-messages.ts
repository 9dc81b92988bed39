import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';
import { kindSchema } from '../../resources/schema/kind-schema.ts';
import { ProtobufReader } from '../../wire/protobuf-reader.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import { encodeMessage, hasMessages } from './encode-message.ts';
import { RecentMessages } from './recent-messages.ts';

/** As much as all messages that are kept may take: some ten thousand pods. */
const keptBytes = 32 * 1024 * 1024;
const recent = new RecentMessages<StoredObject>(keptBytes);

/** Whether objects of a kind can be messages. */
export function isMessageKind(type: ResourceType): boolean {
  const schema = kindSchema(apiVersionOf(type), type.kind);
  return schema !== undefined && hasMessages(schema);
}

/** The message of one version of an object, encoded once for all lists and watches that show it for as long as it is kept. */
export function storedMessage(object: StoredObject): Uint8Array {
  return recent.get(object) ?? recent.add(object, encode(object));
}

/** The message of its metadata alone, which is also that of the type `PartialObjectMetadata`: the first field of every kind. */
export function storedMetadata(object: StoredObject): Uint8Array {
  const message = storedMessage(object);
  const reader = new ProtobufReader(message);
  if (!reader.next() || reader.field !== 1) throw new Error('a message does not begin with its metadata');
  const metadata = reader.bytes();
  return message.subarray(0, metadata.byteOffset + metadata.length - message.byteOffset);
}

function encode(object: StoredObject): Uint8Array {
  const { type } = object.format;
  const schema = kindSchema(apiVersionOf(type), type.kind);
  if (schema === undefined) throw new Error(`a ${type.kind} has no form as a message`);
  return encodeMessage(schema, object.glance());
}
