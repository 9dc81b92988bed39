import type { Draft, KubeObject } from '../../machinery/object.ts';
import { cannotBeHandled, type DecodeTarget, decodeParsed, unrecognized } from '../../machinery/schema/decode.ts';
import { ProtobufError } from '../../wire/protobuf-reader.ts';
import { decodeMessage } from '../protobuf/decode-message.ts';
import { type Envelope, openEnvelope, type TypeClaim } from '../protobuf/envelope.ts';
import { isKnownKind } from '../registry/known-kinds.ts';

/** The object in a body in Kubernetes' protobuf encoding, as typed Go clients send built-in kinds. Throws BadRequest. */
export function decodeProtobuf(body: Uint8Array, target: DecodeTarget): Draft<KubeObject> {
  const envelope = open(body, target);
  const refuse = (why: string) => cannotBeHandled(envelope, target, why);
  try {
    const { apiVersion, kind } = envelope;
    const parsed = { ...decodeMessage(target.schema, envelope.message), apiVersion, kind };
    return decodeParsed(parsed, target, refuse, isKnownKind).object;
  } catch (error) {
    if (error instanceof ProtobufError) throw refuse(error.message);
    throw error;
  }
}

function open(body: Uint8Array, target: DecodeTarget): Envelope {
  try {
    return openEnvelope(body);
  } catch (error) {
    if (error instanceof ProtobufError) throw unrecognized(body, target, error.message);
    throw error;
  }
}

/** The type that a body claims to be; empty where it is no body of this kind. */
export function protobufType(body: Uint8Array): TypeClaim {
  try {
    return openEnvelope(body);
  } catch {
    return { apiVersion: '', kind: '' };
  }
}
