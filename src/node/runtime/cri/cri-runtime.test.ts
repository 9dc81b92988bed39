import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealEnvironment } from '../../../machinery/environment/real.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { CriRuntime, mountsImages } from './cri-runtime.ts';
import { TaskExitSchema, TaskStartSchema } from './generated/containerd-events.generated.ts';
import { Events } from './generated/containerd-services-events-v1.generated.ts';
import { EnvelopeSchema } from './generated/containerd-types.generated.ts';
import { ContainerState, PodSandboxState, RuntimeService } from './generated/runtime-v1.generated.ts';

const environment = new RealEnvironment();
type Answer<Method extends DescMethod> =
  | MessageInitShape<Method['output']>
  | { readonly code: number; readonly details: string }
  | 'never';

/** A server that answers as a test says. */
class FakeRuntime {
  readonly requests: { readonly method: string; readonly request: unknown }[] = [];
  readonly #answers = new Map<string, unknown>();
  readonly #path: string;
  #server = new Server();
  #subscriber: ServerWritableStream<unknown, Uint8Array> | undefined;
  readonly subscribed: Promise<void>;
  #onSubscribed = () => {};

  constructor(path: string) {
    this.#path = path;
    this.subscribed = new Promise((resolve) => {
      this.#onSubscribed = resolve;
    });
  }

  answer<Method extends DescMethod>(
    method: Method,
    answer: Answer<Method> | ((request: MessageShape<Method['input']>) => Answer<Method>),
  ): void {
    this.#answers.set(method.name, answer);
  }

  async start(): Promise<void> {
    this.#server = new Server();
    const handlers: Record<string, unknown> = {};
    const definition: Record<string, object> = {};
    for (const method of RuntimeService.methods) {
      definition[method.name] = definitionOf(method);
      handlers[method.name] = (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
        this.requests.push({ method: method.name, request: call.request });
        const given = this.#answers.get(method.name) ?? { code: status.UNIMPLEMENTED, details: 'not in this test' };
        const answer = typeof given === 'function' ? given(call.request) : given;
        if (answer === 'never') return;
        if (typeof answer.code === 'number') callback(answer);
        else callback(null, create(method.output, answer));
      };
    }
    this.#server.addService(definition as never, handlers as never);
    const subscribe = Events.method.subscribe;
    this.#server.addService(
      { Subscribe: definitionOf(subscribe) } as never,
      {
        Subscribe: (call: ServerWritableStream<unknown, Uint8Array>) => {
          this.requests.push({
            method: 'Subscribe',
            request: { message: call.request, namespace: call.metadata.get('containerd-namespace')[0] },
          });
          this.#subscriber = call;
          this.#onSubscribed();
        },
      } as never,
    );
    await new Promise<void>((resolve, reject) =>
      this.#server.bindAsync(`unix://${this.#path}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      ),
    );
  }

  send(envelope: MessageInitShape<typeof EnvelopeSchema>): void {
    this.#subscriber?.write(create(EnvelopeSchema, envelope) as never);
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

function definitionOf(method: DescMethod) {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream: method.methodKind === 'server_streaming',
    requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
    responseSerialize: (message: MessageShape<DescMethod['output']>) => Buffer.from(toBinary(method.output, message)),
    requestSerialize: () => Buffer.alloc(0),
    responseDeserialize: () => undefined,
  };
}

test.each([
  ['containerd', '1.6.20~ds1', false],
  ['containerd', 'v2.0.5', false],
  ['containerd', 'v2.1.0', true],
  ['containerd', '3.0.0', true],
  ['cri-o', '1.31.0', true],
])('whether %s %s takes images as mounts: %j', (name, version, takes) => {
  expect(mountsImages({ name, version, apiVersion: 'v1' })).toBe(takes);
});

const noStreams = () => Promise.reject(new Error('none'));

describe('CriRuntime', () => {
  let folder: string;
  let fake: FakeRuntime;
  let runtime: CriRuntime;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stuurman-cri-'));
    const socketPath = join(folder, 'cri.sock');
    fake = new FakeRuntime(socketPath);
    await fake.start();
    runtime = new CriRuntime({ environment, socketPath, streams: { command: noStreams, port: noStreams } });
  });
  afterEach(async () => {
    await runtime.close();
    fake.stop();
    rmSync(folder, { recursive: true });
  });
  const { method } = RuntimeService;

  test.each([
    [status.NOT_FOUND, 'no such', 'NotFound'],
    [status.ALREADY_EXISTS, 'is there', 'AlreadyExists'],
    [status.INVALID_ARGUMENT, 'bad', 'InvalidArgument'],
    [status.DEADLINE_EXCEEDED, 'slow', 'DeadlineExceeded'],
    [status.UNAVAILABLE, 'away', 'Unavailable'],
    [status.INTERNAL, 'broken', 'Unknown'],
    [status.UNKNOWN, 'name "a" is reserved for "b"', 'AlreadyExists'],
  ])('status %d is a RuntimeError', async (code, details, expected) => {
    fake.answer(method.startContainer, { code, details });
    const started = runtime.startContainer('c');
    await expect(started).rejects.toMatchObject({
      name: 'RuntimeError',
      code: expected,
      message: details,
    });
  });

  test('what is gone is undefined, or done', async () => {
    const gone = { code: status.NOT_FOUND, details: 'gone' };
    for (const each of [
      method.containerStatus,
      method.podSandboxStatus,
      method.stopContainer,
      method.removeContainer,
      method.stopPodSandbox,
      method.removePodSandbox,
    ]) {
      fake.answer(each, gone);
    }
    expect(await runtime.containerStatus('c')).toBeUndefined();
    expect(await runtime.podSandboxStatus('s')).toBeUndefined();
    await runtime.stopContainer('c', 1);
    await runtime.removeContainer('c');
    await runtime.stopPodSandbox('s');
    await runtime.removePodSandbox('s');
  });

  test('a signal that aborts rejects with its reason; the call is cancelled', async () => {
    fake.answer(method.version, 'never');
    const controller = new AbortController();
    const asked = runtime.version(controller.signal);
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(asked).rejects.toThrow('enough');
    await expect(runtime.version(AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });

  test('nobody behind the socket is Unavailable, and it is found when it comes', async () => {
    fake.stop();
    await expect(runtime.version()).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/^the runtime does not answer: connect (ENOENT|ECONNREFUSED) .*cri.sock$/),
    });
    await fake.start();
    fake.answer(method.version, { runtimeName: 'fake', runtimeVersion: '1', runtimeApiVersion: 'v1' });
    for (let round = 0; ; round++) {
      try {
        expect(await runtime.version()).toEqual({ name: 'fake', version: '1', apiVersion: 'v1' });
        break;
      } catch (error) {
        if (round > 100) throw error;
        await environment.sleep(20);
      }
    }
  });

  test('a status says in which sandbox its container is, whoever made it', async () => {
    fake.answer(method.containerStatus, {
      status: {
        id: 'c1',
        metadata: { name: 'main', attempt: 2 },
        state: ContainerState.CONTAINER_EXITED,
        createdAt: 1_500_000_000_123_456_789n,
        startedAt: 1_500_000_001_000_000_000n,
        finishedAt: 0n,
        exitCode: 3,
        image: { image: 'i' },
        imageRef: 'sha256:1',
      },
    });
    fake.answer(method.listContainers, { containers: [{ id: 'c1', podSandboxId: 's1' }] });
    expect(await runtime.containerStatus('c1')).toMatchObject({
      id: 'c1',
      sandboxId: 's1',
      metadata: { name: 'main', attempt: 2 },
      state: 'exited',
      createdAt: 1_500_000_000_123,
      startedAt: 1_500_000_001_000,
      finishedAt: undefined,
      exitCode: 3,
      imageId: 'sha256:1',
    });
    await runtime.containerStatus('c1');
    expect(fake.requests.filter((each) => each.method === 'ListContainers')).toHaveLength(1);
  });

  test('output is cut at 16 KiB, and part of a second is a second', async () => {
    fake.answer(method.execSync, { exitCode: 1, stdout: new Uint8Array(20_000), stderr: new Uint8Array(5) });
    const result = await runtime.execSync('c', ['true'], 1200);
    expect([result.exitCode, result.stdout.length, result.stderr.length]).toEqual([1, 16_384, 5]);
    expect(fake.requests[0]?.request).toMatchObject({ timeout: 2n });
  });

  test('a command gets as long as its limit and the patience of a call, and without a limit as long as it takes', async () => {
    const patience: number[] = [];
    class Measuring extends RealEnvironment {
      override deadline(timeoutMs: number, parent?: AbortSignal) {
        patience.push(timeoutMs);
        return super.deadline(timeoutMs, parent);
      }
    }
    const measured = new CriRuntime({
      environment: new Measuring(),
      socketPath: join(folder, 'cri.sock'),
      streams: { command: noStreams, port: noStreams },
    });
    fake.answer(method.execSync, { exitCode: 0, stdout: new Uint8Array(), stderr: new Uint8Array() });
    await measured.execSync('c', ['true'], 1000);
    await measured.execSync('c', ['true'], 0);
    expect(patience).toEqual([121_000]);
    await measured.close();
  });

  const exit = (containerId: string, id = containerId) => ({
    topic: '/tasks/exit',
    namespace: 'k8s.io',
    timestamp: timestampFromMs(5000),
    event: {
      typeUrl: 'containerd.events.TaskExit',
      value: toBinary(TaskExitSchema, create(TaskExitSchema, { containerId, id, exitedAt: timestampFromMs(4000) })),
    },
  });
  const start = (containerId: string) => ({
    topic: '/tasks/start',
    timestamp: timestampFromMs(3000),
    event: {
      typeUrl: 'types.example/containerd.events.TaskStart',
      value: toBinary(TaskStartSchema, create(TaskStartSchema, { containerId })),
    },
  });

  test('an exit is told only when the status says so, too; other containers do not wait for it', async () => {
    let state: ContainerState = ContainerState.CONTAINER_RUNNING;
    fake.answer(method.containerStatus, ({ containerId }) =>
      containerId === 'a-sandbox'
        ? { code: status.NOT_FOUND, details: 'none' }
        : { status: { id: containerId, state } },
    );
    fake.answer(method.podSandboxStatus, { code: status.NOT_FOUND, details: 'none' });
    fake.answer(method.listContainers, {});
    const controller = new AbortController();
    const seen: RuntimeEvent[] = [];
    const listening = (async () => {
      for await (const event of runtime.events(controller.signal)) seen.push(event);
    })();
    await fake.subscribed;
    fake.send(start('slow'));
    fake.send(exit('slow'));
    fake.send(exit('slow', 'a-command-in-it'));
    fake.send(start('slow'));
    fake.send(start('a-sandbox'));
    fake.send(start('other'));
    const told = () => seen.map((event) => `${event.type} ${event.containerId}`);
    await expect.poll(told).toEqual(['started slow', 'started other']);
    state = ContainerState.CONTAINER_EXITED;
    await expect
      .poll(() => seen.slice(2))
      .toEqual([
        { type: 'stopped', containerId: 'slow', at: 4000 },
        { type: 'started', containerId: 'slow', at: 3000 },
      ]);
    fake.send(exit('a-sandbox'));
    await expect.poll(() => seen.slice(4)).toEqual([{ type: 'stopped', containerId: 'a-sandbox', at: 4000 }]);
    controller.abort();
    await listening;
    expect(fake.requests[0]).toMatchObject({ method: 'Subscribe', request: { namespace: 'k8s.io' } });
  });

  test('what ended while nobody listened is told a moment later, and what was told is not told twice', async () => {
    const now = environment.now();
    const at = (id: string) => ({ missed: now - 2000, told: 4000, long: now - 60_000 })[id] ?? 0;
    fake.answer(method.listPodSandbox, { items: [{ id: 'sandbox', state: PodSandboxState.SANDBOX_NOTREADY }] });
    fake.answer(method.listContainers, {
      containers: ['missed', 'told', 'long'].map((id) => ({ id, state: ContainerState.CONTAINER_EXITED })),
    });
    fake.answer(method.containerStatus, ({ containerId }) =>
      containerId === 'sandbox'
        ? { code: status.NOT_FOUND, details: 'none' }
        : {
            status: {
              id: containerId,
              state: ContainerState.CONTAINER_EXITED,
              finishedAt: BigInt(at(containerId)) * 1_000_000n,
            },
          },
    );
    fake.answer(method.podSandboxStatus, { code: status.NOT_FOUND, details: 'none' });
    const controller = new AbortController();
    const seen: string[] = [];
    const listening = (async () => {
      for await (const event of runtime.events(controller.signal)) seen.push(`${event.type} ${event.containerId}`);
    })();
    await fake.subscribed;
    fake.send(exit('told'));
    await expect
      .poll(() => [seen[0], ...seen.slice(1).sort()], { timeout: 10_000 })
      .toEqual(['stopped told', 'stopped missed', 'stopped sandbox']);
    controller.abort();
    await listening;
  });

  test('when the runtime goes away, the events end with an error', async () => {
    const iterator = runtime.events(new AbortController().signal)[Symbol.asyncIterator]();
    const next = iterator.next();
    const failed = expect(next).rejects.toMatchObject({ name: 'RuntimeError', code: 'Unavailable' });
    await fake.subscribed;
    fake.stop();
    await failed;
  });
});
