import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Environment } from '../../../machinery/environment/environment.ts';
import { RuntimeError } from '../runtime.ts';
import { runtimeErrorOf } from './grpc-errors.ts';

/** A list of many containers with long environments stays below this; gRPC's own default of 4 MiB does not. */
const maxMessageBytes = 16 << 20;

export interface CallOptions {
  /** Undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Calls over one unix socket. The connection is made at the first call, and again after the other side went away. Errors are `RuntimeError`. */
export class GrpcConnection {
  readonly #environment: Environment;
  readonly #socketPath: string;
  readonly #client: Client;

  constructor(environment: Environment, socketPath: string) {
    this.#environment = environment;
    this.#socketPath = socketPath;
    this.#client = new Client(`unix://${socketPath}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': maxMessageBytes,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.enable_retries': 0,
      'grpc.default_authority': 'localhost',
    });
  }

  /** One request, one answer. A signal that aborts rejects with its reason. */
  call<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodUnary<Input, Output>,
    request: MessageInitShape<Input>,
    options: CallOptions,
  ): Promise<MessageShape<Output>> {
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted) {
        reject(options.signal.reason);
        return;
      }
      const { timeoutMs, signal } = options;
      const deadline = timeoutMs === undefined ? undefined : this.#environment.deadline(timeoutMs, signal);
      const ending = deadline?.signal ?? signal;
      const call = this.#client.makeUnaryRequest(
        pathOf(method),
        (message: MessageShape<Input>) => Buffer.from(toBinary(method.input, message)),
        (bytes) => fromBinary(method.output, bytes),
        create(method.input, request),
        metadataOf(options.metadata),
        (error, response) => {
          deadline?.cancel();
          ending?.removeEventListener('abort', cancel);
          if (error !== null) reject(this.#errorOf(method, error, options, ending?.aborted === true));
          else if (response !== undefined) resolve(response);
        },
      );
      const cancel = () => call.cancel();
      ending?.addEventListener('abort', cancel, { once: true });
    });
  }

  /**
   * One request, many answers; sent at once, so that nothing that happens from now on is missed, however late the answers are read. Ends
   * quietly when the signal aborts, throws `RuntimeError` when the other side ends it.
   */
  stream<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodServerStreaming<Input, Output>,
    request: MessageInitShape<Input>,
    options: { readonly signal: AbortSignal; readonly metadata?: Readonly<Record<string, string>> },
  ): AsyncIterable<MessageShape<Output>> {
    const call = this.#client.makeServerStreamRequest(
      pathOf(method),
      (message: MessageShape<Input>) => Buffer.from(toBinary(method.input, message)),
      (bytes) => fromBinary(method.output, bytes),
      create(method.input, request),
      metadataOf(options.metadata),
    );
    let failure: ServiceError | undefined;
    // The error also reaches the reader; this keeps it from being an unhandled one while nobody reads.
    call.on('error', (error: Error) => {
      failure = error as ServiceError;
    });
    const cancel = () => call.cancel();
    if (options.signal.aborted) cancel();
    options.signal.addEventListener('abort', cancel, { once: true });
    const ended = () => options.signal.removeEventListener('abort', cancel);
    const lost = () =>
      new RuntimeError('Unavailable', `${method.name} ended: the runtime at ${this.#socketPath} closed the stream`);
    return (async function* () {
      try {
        if (failure === undefined) for await (const message of call) yield message as MessageShape<Output>;
        if (failure !== undefined) throw failure;
      } catch (error) {
        if (!options.signal.aborted) throw runtimeErrorOf(method.name, error as ServiceError);
      } finally {
        ended();
        call.cancel();
      }
      if (!options.signal.aborted) throw lost();
    })();
  }

  close(): void {
    this.#client.close();
  }

  #errorOf(method: { readonly name: string }, error: ServiceError, options: CallOptions, ended: boolean): unknown {
    if (options.signal?.aborted) return options.signal.reason;
    if (ended) {
      const message = `${method.name}: no answer from the runtime at ${this.#socketPath} within ${options.timeoutMs} ms`;
      return new RuntimeError('DeadlineExceeded', message, { cause: error });
    }
    return runtimeErrorOf(method.name, error);
  }
}

function pathOf(method: { readonly parent: { readonly typeName: string }; readonly name: string }): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function metadataOf(values: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(values)) metadata.set(name, value);
  return metadata;
}
