import type { Client } from '../../src/client/client.ts';
import type { Environment } from '../../src/machinery/environment/environment.ts';
import { deadlineOn, sleepOn } from '../../src/machinery/environment/real.ts';
import type { Host, Ledger } from '../../src/node/host/host.ts';
import type { ContainerRuntime } from '../../src/node/runtime/runtime.ts';

/** Where in a step the process ends: while it is done, or when it is done and nobody has heard. */
export type Moment = 'during' | 'after';

/** What changes something outside of the process; everything else only looks. */
const effects: ReadonlySet<string> = new Set([
  // Files
  ...['write', 'makeDirectory', 'makeWithin', 'symlink', 'rename', 'chown', 'chmod'],
  // Host and Ledger; `remove` is of Files, too
  ...['mount', 'bindWithin', 'unmount', 'ensureCgroup', 'removeCgroup', 'nft', 'sysctl', 'add', 'remove'],
  // ContainerRuntime
  ...['runPodSandbox', 'stopPodSandbox', 'removePodSandbox', 'createContainer', 'startContainer', 'stopContainer'],
  ...['removeContainer', 'updateContainerResources', 'execSync', 'pullImage', 'removeImage'],
  // Client
  ...['create', 'update', 'patch', 'delete', 'deleteCollection', 'createSubresource'],
]);

/** A promise of its own each time: whoever waits for it is forgotten with it. */
const never = () => new Promise<never>(() => {});

/**
 * A process that can be killed between any two things it does to the world. A dead one gets no answers, its timers do not fire, and its
 * connections are closed; what it had asked for is done or broken off, as whoever does it likes.
 */
export class MortalProcess {
  /** What it has done to the world, in order. */
  readonly steps: string[] = [];
  readonly #end = new AbortController();
  #dies: { readonly step: number; readonly moment: Moment } | undefined;

  get isAlive(): boolean {
    return !this.#end.signal.aborted;
  }

  /** It is killed at its n-th step from now, counted from 1. */
  dieAt(step: number, moment: Moment): void {
    this.#dies = { step: this.steps.length + step, moment };
  }

  kill(): void {
    this.#end.abort(new DOMException('the process was killed', 'AbortError'));
  }

  environment(environment: Environment): Environment {
    const own = this.#wrap(environment, {
      setTimer: (delayMs: number, callback: () => void) =>
        environment.setTimer(delayMs, () => {
          if (this.isAlive) callback();
        }),
      sleep: (delayMs: number, signal?: AbortSignal) => this.#answer(sleepOn(own, delayMs, signal)),
      deadline: (timeoutMs: number, parent?: AbortSignal) => deadlineOn(own, timeoutMs, parent),
    });
    return own;
  }

  client(client: Client): Client {
    return this.#wrap(client);
  }

  host(host: Host): Host {
    return this.#wrap(host, { files: this.#wrap(host.files), ledger: this.ledger(host.ledger) });
  }

  ledger(ledger: Ledger): Ledger {
    return this.#wrap(ledger);
  }

  runtime(runtime: ContainerRuntime): ContainerRuntime {
    return this.#wrap(runtime);
  }

  #wrap<T extends object>(target: T, instead: Readonly<Record<string, unknown>> = {}): T {
    return new Proxy(target, {
      get: (_target, name) => {
        if (typeof name === 'string' && name in instead) return instead[name];
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        const call = (given: readonly unknown[]): unknown => Reflect.apply(member, target, this.#bounded(given));
        return (...given: readonly unknown[]) =>
          effects.has(String(name))
            ? this.#step(`${String(name)} ${subject(given)}`, () => call(given))
            : this.#look(call(given));
      },
    });
  }

  #look(answer: unknown): unknown {
    if (answer instanceof Promise) return this.#answer(answer);
    return isAsyncIterable(answer) ? this.#stream(answer) : answer;
  }

  async #step(name: string, act: () => unknown): Promise<unknown> {
    if (!this.isAlive) return never();
    this.steps.push(name);
    const dies = this.#dies?.step === this.steps.length ? this.#dies.moment : undefined;
    const acting = act() as Promise<unknown>;
    if (dies === 'during') this.kill();
    if (dies === 'after') await acting.catch(() => {});
    if (dies === 'after') this.kill();
    return this.#answer(acting);
  }

  /** The same answer, unless nobody is there to hear it. */
  #answer<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => {
          if (this.isAlive) resolve(value);
        },
        (error: unknown) => {
          if (this.isAlive) reject(error);
        },
      );
    });
  }

  async *#stream<T>(items: AsyncIterable<T>): AsyncIterable<T> {
    const iterator = items[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await this.#answer(iterator.next());
      if (done === true) return;
      yield value;
    }
  }

  /** Whatever is waited for ends with the process. */
  #bounded(given: readonly unknown[]): readonly unknown[] {
    const both = (signal: AbortSignal) => AbortSignal.any([signal, this.#end.signal]);
    return given.map((each) => {
      if (each instanceof AbortSignal) return both(each);
      const signal = typeof each === 'object' && each !== null && 'signal' in each ? each.signal : undefined;
      return signal instanceof AbortSignal ? { ...(each as object), signal: both(signal) } : each;
    });
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** What a step is about, to tell one from another where it fails. */
function subject(given: readonly unknown[]): string {
  const words = given.flatMap((each) => {
    if (typeof each === 'string') return [each];
    if (typeof each !== 'object' || each === null) return [];
    const { plural, target, path, metadata, name } = each as {
      readonly plural?: string;
      readonly target?: string;
      readonly path?: string;
      readonly metadata?: { readonly name?: string };
      readonly name?: string;
    };
    return plural ?? target ?? path ?? metadata?.name ?? name ?? [];
  });
  return words.join(' ').slice(0, 120);
}
