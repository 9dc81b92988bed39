import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { quote } from '../../machinery/go-text.ts';
import type { Container, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { StartFailure } from '../pod-status/container-statuses.ts';
import { BackOffTable } from '../pods/back-off-table.ts';
import { containerEvent, type EventType } from '../pods/pod-events.ts';
import { runtimeText } from '../pods/runtime-text.ts';
import { type ContainerRuntime, type Image, RuntimeError } from '../runtime/runtime.ts';
import { withDefaultTag } from './image-name.ts';

export interface ImageManagerOptions {
  readonly runtime: Pick<ContainerRuntime, 'imageStatus' | 'pullImage'>;
  readonly environment: Environment;
  readonly recorder: EventRecorder;
  readonly backOffMs: { readonly initial: number; readonly maximum: number };
}

/** For so long a pod's status says why the pull failed, before it says that the next one is waited for. */
const sayBackOffAfterMs = 3000;

export type EnsuredImage =
  | { readonly image: Image; readonly failure?: undefined }
  /** `retryAt`: from when on another try makes sense. */
  | { readonly image?: undefined; readonly failure: StartFailure; readonly retryAt: number | undefined };

/** Brings images to the machine, one at a time, as the pull policy of a container says. */
export class ImageManager {
  readonly #options: ImageManagerOptions;
  readonly #backOff: BackOffTable;
  /** What the last failed pull of an image for a pod said, and when. */
  readonly #failures = new Map<string, { readonly message: string; readonly at: number }>();
  #pulling: Promise<unknown> = Promise.resolve();

  constructor(options: ImageManagerOptions) {
    this.#options = options;
    this.#backOff = new BackOffTable(options.backOffMs.initial, options.backOffMs.maximum);
  }

  async ensure(pod: Pod, container: Container, signal: AbortSignal): Promise<EnsuredImage> {
    const asked = container.image ?? '';
    const tell = (type: EventType, reason: string, message: string) =>
      containerEvent(this.#options.recorder, pod, container, type, reason, message);
    let name: string;
    try {
      name = withDefaultTag(asked);
    } catch (error) {
      const message = `Failed to apply default image tag ${quote(asked)}: ${textOf(error)}`;
      tell('Warning', 'InspectFailed', message);
      return failed('InvalidImageName', message);
    }
    if (container.imagePullPolicy === 'Always') return this.#pull(pod, name, tell, signal);
    let present: Image | undefined;
    try {
      present = await this.#options.runtime.imageStatus(name, signal);
    } catch (error) {
      signal.throwIfAborted();
      const message = `Failed to inspect image "": ${runtimeText(error)}`;
      tell('Warning', 'InspectFailed', message);
      return failed('ImageInspectError', message);
    }
    if (present !== undefined) {
      tell(
        'Normal',
        'Pulled',
        `Container image ${quote(asked)} already present on machine and can be accessed by the pod`,
      );
      return { image: present };
    }
    if (container.imagePullPolicy !== 'Never') return this.#pull(pod, name, tell, signal);
    const message = `Container image ${quote(asked)} is not present with pull policy of Never`;
    tell('Warning', 'ErrImageNeverPull', message);
    return failed('ErrImageNeverPull', message);
  }

  /** The pod is gone: what is known of its pulls is forgotten. */
  forget(pod: Pod): void {
    const prefix = `${pod.metadata.uid}_`;
    for (const key of this.#failures.keys())
      if (key.startsWith(prefix)) {
        this.#failures.delete(key);
        this.#backOff.forget(key);
      }
  }

  async #pull(
    pod: Pod,
    name: string,
    tell: (type: EventType, reason: string, message: string) => void,
    signal: AbortSignal,
  ): Promise<EnsuredImage> {
    const { runtime, environment } = this.#options;
    const key = `${pod.metadata.uid}_${name}`;
    const before = this.#failures.get(key);
    const retryAt = before === undefined ? 0 : before.at + this.#backOff.delayAfter(key, before.at);
    if (before !== undefined && environment.now() < retryAt) {
      const message = `Back-off pulling image ${quote(name)}`;
      tell('Normal', 'BackOff', message);
      return failed('ImagePullBackOff', `${message}: ${before.message}`, retryAt);
    }
    tell('Normal', 'Pulling', `Pulling image ${quote(name)}`);
    const askedAt = environment.monotonic();
    try {
      const { image, pullMs } = await this.#oneByOne(async () => {
        const startedAt = environment.monotonic();
        const reference = await runtime.pullImage(name, signal);
        return {
          image: await runtime.imageStatus(reference, signal),
          pullMs: environment.monotonic() - startedAt,
        };
      });
      if (image === undefined) throw new Error(`image ${quote(name)} is not there after it was pulled`);
      this.#failures.delete(key);
      const waitedMs = environment.monotonic() - askedAt;
      const took = `${goMilliseconds(pullMs)} (${goMilliseconds(waitedMs)} including waiting)`;
      tell(
        'Normal',
        'Pulled',
        `Successfully pulled image ${quote(name)} in ${took}. Image size: ${image.sizeBytes} bytes.`,
      );
      return { image };
    } catch (error) {
      signal.throwIfAborted();
      const now = environment.now();
      const text = pullText(error);
      const { reason, message } = explain(name, text);
      tell('Warning', 'Failed', `Failed to pull image ${quote(name)}: ${text}`);
      this.#backOff.record(key, now, now);
      this.#failures.set(key, { message: `${reason}: ${message}`, at: now });
      return failed(reason, message, now + sayBackOffAfterMs);
    }
  }

  #oneByOne<T>(pull: () => Promise<T>): Promise<T> {
    const result = this.#pulling.then(pull);
    this.#pulling = result.catch(() => {});
    return result;
  }
}

function failed(reason: string, message: string, retryAt?: number): EnsuredImage {
  return { failure: { reason, message }, retryAt };
}

/** Runtimes name two causes in front of their words. */
function explain(name: string, message: string): StartFailure {
  const causes = [
    ['RegistryUnavailable', 'the registry is unavailable'],
    ['SignatureValidationFailed', 'the signature validation failed'],
  ] as const;
  for (const [reason, words] of causes)
    if (message.startsWith(reason))
      return { reason, message: `image pull failed for ${name} because ${words}${message.slice(reason.length)}` };
  return { reason: 'ErrImagePull', message };
}

/** An error without a kind of its own is passed on in the runtime's words alone. */
function pullText(error: unknown): string {
  return error instanceof RuntimeError && error.code === 'Unknown' ? error.message : runtimeText(error);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As Go prints a duration cut to milliseconds: `0s`, `350ms`, `1.204s`, `1m2.5s`. */
function goMilliseconds(durationMs: number): string {
  const whole = Math.trunc(durationMs);
  if (whole === 0) return '0s';
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = `${(whole % 60_000) / 1000}s`;
  if (minutes === 0) return seconds;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${seconds}` : `${hours}h${minutes % 60}m${seconds}`;
}
