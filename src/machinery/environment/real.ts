// Not the global `crypto`: reading that loads all of Web Crypto.
import { randomFillSync, randomUUID } from 'node:crypto';
import type { Deadline, Environment, Timer } from './environment.ts';

/** The machine's own time and chance: the only place that touches them. */
export class RealEnvironment implements Environment {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    // Node fires a longer timer at once: wait in steps.
    const longest = 2 ** 31 - 1;
    let handle: ReturnType<typeof setTimeout>;
    const arm = (left: number) => {
      handle = setTimeout(() => (left > longest ? arm(left - longest) : callback()), Math.min(left, longest));
    };
    arm(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  deadline(timeoutMs: number, parent?: AbortSignal): Deadline {
    return deadlineOn(this, timeoutMs, parent);
  }

  random(): number {
    return Math.random();
  }

  randomBytes(length: number): Uint8Array<ArrayBuffer> {
    return randomFillSync(new Uint8Array(length));
  }

  id(): string {
    return randomUUID();
  }
}

/** `sleep` in terms of an environment's timers. */
export function sleepOn(
  environment: Pick<Environment, 'setTimer'>,
  delayMs: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = environment.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** `deadline` in terms of an environment's timers. */
export function deadlineOn(
  environment: Pick<Environment, 'setTimer'>,
  timeoutMs: number,
  parent?: AbortSignal,
): Deadline {
  const controller = new AbortController();
  const timer = environment.setTimer(timeoutMs, () => {
    controller.abort(new DOMException(`timed out after ${timeoutMs} ms`, 'TimeoutError'));
  });
  return {
    signal: parent === undefined ? controller.signal : AbortSignal.any([parent, controller.signal]),
    cancel: () => timer.cancel(),
  };
}
