import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { type Any, type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt';
import type { RuntimeEvent } from '../runtime.ts';
import { type EventContext, EventOrder } from './event-order.ts';
import {
  ContainerCreateSchema,
  ContainerDeleteSchema,
  TaskExitSchema,
  TaskStartSchema,
} from './generated/containerd-events.generated.ts';
import { Events } from './generated/containerd-services-events-v1.generated.ts';
import type { Envelope } from './generated/containerd-types.generated.ts';
import type { GrpcConnection } from './grpc-connection.ts';

/** containerd's namespace for what came in by CRI. */
const namespace = 'k8s.io';

const topics = ['/containers/create', '/tasks/start', '/tasks/exit', '/containers/delete'];

/** containerd's own events as those of `ContainerRuntime`; 1.6 has none in CRI. Listening begins with the call. */
export function containerdEvents(
  connection: GrpcConnection,
  context: EventContext,
  signal: AbortSignal,
): AsyncIterable<RuntimeEvent> {
  const filters = topics.map((topic) => `namespace==${namespace},topic=="${topic}"`);
  const envelopes = connection.stream(
    Events.method.subscribe,
    { filters },
    { signal, metadata: { 'containerd-namespace': namespace } },
  );
  return new EventOrder(context).follow(runtimeEvents(envelopes));
}

async function* runtimeEvents(envelopes: AsyncIterable<Envelope>): AsyncIterable<RuntimeEvent> {
  for await (const envelope of envelopes) {
    const event = runtimeEventOf(envelope);
    if (event !== undefined) yield event;
  }
}

/** Undefined for what is not the life of a container, such as a command in it. */
function runtimeEventOf(envelope: Envelope): RuntimeEvent | undefined {
  const at = milliseconds(envelope.timestamp);
  switch (envelope.topic) {
    case '/containers/create': {
      const event = unpack(ContainerCreateSchema, envelope.event);
      return event && { type: 'created', containerId: event.id, at };
    }
    case '/tasks/start': {
      const event = unpack(TaskStartSchema, envelope.event);
      return event && { type: 'started', containerId: event.containerId, at };
    }
    case '/tasks/exit': {
      const event = unpack(TaskExitSchema, envelope.event);
      if (event === undefined || event.id !== event.containerId) return undefined;
      return { type: 'stopped', containerId: event.containerId, at: milliseconds(event.exitedAt) || at };
    }
    case '/containers/delete': {
      const event = unpack(ContainerDeleteSchema, envelope.event);
      return event && { type: 'deleted', containerId: event.id, at };
    }
    default:
      return undefined;
  }
}

/** containerd names types without the host that `Any` asks for. */
function unpack<Schema extends DescMessage>(schema: Schema, any: Any | undefined): MessageShape<Schema> | undefined {
  if (any === undefined || any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1) !== schema.typeName) return undefined;
  return fromBinary(schema, any.value);
}

function milliseconds(timestamp: Timestamp | undefined): number {
  return timestamp === undefined ? 0 : timestampMs(timestamp);
}
