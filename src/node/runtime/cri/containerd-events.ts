import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { type Any, type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt';
import { RuntimeError, type RuntimeEvent } from '../runtime.ts';
import {
  ContainerCreateSchema,
  ContainerDeleteSchema,
  TaskExitSchema,
  TaskStartSchema,
} from './generated/containerd-events.generated.ts';
import { Events } from './generated/containerd-services-events-v1.generated.ts';
import type { Envelope } from './generated/containerd-types.generated.ts';
import type { GrpcConnection } from './grpc-connection.ts';

export type Settled = (event: RuntimeEvent) => Promise<boolean>;

/** containerd's namespace for what came in by CRI. */
const namespace = 'k8s.io';

/** A reader that falls this far behind loses its stream, and lists anew. */
const maxQueued = 10_000;

const topics = ['/containers/create', '/tasks/start', '/tasks/exit', '/containers/delete'];

/**
 * containerd's own events as those of `ContainerRuntime`; 1.6 has none in CRI. Listening begins with the call.
 * `settled` answers whether the event is to be told, when the time for it has come: CRI learns of an exit from the same events, and a
 * reader who asks for the status of a container that stopped must not be told that it runs. Meanwhile the events of other containers pass.
 */
export function containerdEvents(
  connection: GrpcConnection,
  settled: Settled,
  signal: AbortSignal,
): AsyncIterable<RuntimeEvent> {
  const filters = topics.map((topic) => `namespace==${namespace},topic=="${topic}"`);
  const envelopes = connection.stream(
    Events.method.subscribe,
    { filters },
    { signal, metadata: { 'containerd-namespace': namespace } },
  );
  return inOrder(runtimeEvents(envelopes), settled);
}

async function* runtimeEvents(envelopes: AsyncIterable<Envelope>): AsyncIterable<RuntimeEvent> {
  for await (const envelope of envelopes) {
    const event = runtimeEventOf(envelope);
    if (event !== undefined) yield event;
  }
}

/** Undefined for what is not the life of a container, such as a command in it. */
export function runtimeEventOf(envelope: Envelope): RuntimeEvent | undefined {
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

/** Tells each event when it is settled, and those of one container in their order. */
async function* inOrder(events: AsyncIterable<RuntimeEvent>, settled: Settled): AsyncIterable<RuntimeEvent> {
  const queue: RuntimeEvent[] = [];
  const held = new Map<string, Promise<void>>();
  let wake = () => {};
  let end: { readonly error?: unknown } | undefined;
  const push = (event: RuntimeEvent) => {
    queue.push(event);
    wake();
  };
  const hold = (event: RuntimeEvent, before: Promise<void>) => {
    const after = before
      .then(() => settled(event))
      .catch(() => true)
      .then((told) => {
        if (told) push(event);
        if (held.get(event.containerId) === after) held.delete(event.containerId);
      });
    held.set(event.containerId, after);
  };
  const pump = async () => {
    for await (const event of events) {
      if (queue.length + held.size > maxQueued) {
        throw new RuntimeError('Unavailable', `more than ${maxQueued} events of the runtime wait to be read`);
      }
      hold(event, held.get(event.containerId) ?? Promise.resolve());
    }
  };
  const pumping = pump()
    .then(
      () => ({}),
      (error: unknown) => ({ error }),
    )
    .then((result) => {
      end = result;
      wake();
    });
  for (;;) {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) yield next;
    if (end !== undefined) break;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  await pumping;
  if ('error' in end) throw end.error;
}
