import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { quote } from '../../machinery/go-text.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Container, Pod, Secret } from '../../resources/schema/core-v1.generated.ts';
import type { Files } from '../host/host.ts';
import type { ImageMetrics, ImageWish } from '../metrics/image-metrics.ts';
import type { PodStartLatency } from '../metrics/pod-start-latency.ts';
import type { StartFailure } from '../pod-status/container-statuses.ts';
import { BackOffTable } from '../pods/back-off-table.ts';
import { containerEvent, type EventType, podEvent } from '../pods/pod-events.ts';
import { runtimeText } from '../pods/runtime-text.ts';
import type { ContainerRuntime, Image } from '../runtime/runtime.ts';
import { parseImageName, withDefaultTag } from './image-name.ts';
import { pullErrorText, pullFailure } from './pulling/pull-error.ts';
import { PullRecords } from './pulling/pull-records.ts';
import { PullSlots } from './pulling/pull-slots.ts';
import { pullWithCredentials } from './pulling/pull-with-credentials.ts';
import { type Credential, RegistryCredentials } from './pulling/registry-credentials.ts';

export interface ImageManagerOptions {
  readonly runtime: Pick<ContainerRuntime, 'imageStatus' | 'pullImage'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly files: Files;
  /** Below it are the records of what was pulled, and `config.json`: logins for all pods of this node, as docker writes them. */
  readonly rootDirectory: string;
  readonly backOffMs: { readonly initial: number; readonly maximum: number };
  readonly maxParallelPulls: number;
  readonly metrics: ImageMetrics;
  readonly starts: Pick<PodStartLatency, 'pullStarted' | 'pullEnded'>;
}

/** For so long a pod's status says why the pull failed, before it says that the next one is waited for. */
const sayBackOffAfterMs = 3000;

export interface ImageRequest {
  readonly pod: Pod;
  readonly image: string;
  readonly pullPolicy: string | undefined;
  readonly pullSecrets: readonly Secret[];
  /** Events are about it; undefined: about the pod, one of whose volumes is the image. */
  readonly container: Container | undefined;
}

export type EnsuredImage =
  | { readonly image: Image; readonly failure?: undefined }
  /** `retryAt`: from when on another try makes sense. */
  | { readonly image?: undefined; readonly failure: StartFailure; readonly retryAt: number | undefined };

/** An image to be brought to the machine for one container or volume. */
interface Pull {
  readonly pod: Pod;
  /** As the pod has it, and with its tag. */
  readonly asked: string;
  readonly name: string;
  readonly credentials: readonly Credential[];
  readonly tell: (type: EventType, reason: string, message: string) => void;
}

/** Brings images to the machine as the pull policy of a container says, and lets pods use only what they may pull. */
export class ImageManager {
  readonly records: PullRecords;
  readonly #options: ImageManagerOptions;
  readonly #backOff: BackOffTable;
  /** What the last failed pull of an image for a pod said, and when. */
  readonly #failures = new Map<string, { readonly message: string; readonly at: number }>();
  readonly #slots: PullSlots;

  constructor(options: ImageManagerOptions) {
    this.#options = options;
    this.#backOff = new BackOffTable(options.backOffMs.initial, options.backOffMs.maximum);
    this.#slots = new PullSlots(options.maxParallelPulls);
    this.records = new PullRecords({ ...options, directory: `${options.rootDirectory}/image-manager` });
  }

  async ensure(request: ImageRequest, signal: AbortSignal): Promise<EnsuredImage> {
    const wish: ImageWish = { pullPolicy: request.pullPolicy, presentLocally: undefined, pullRequired: undefined };
    try {
      return await this.#ensure(request, wish, signal);
    } finally {
      this.#options.metrics.wished(wish);
    }
  }

  /** What is found out on the way is told by `wish`. */
  async #ensure(request: ImageRequest, wish: ImageWish, signal: AbortSignal): Promise<EnsuredImage> {
    const { runtime, recorder } = this.#options;
    const { pod, container, image: asked, pullPolicy, pullSecrets } = request;
    const tell = (type: EventType, reason: string, message: string) => {
      if (container === undefined) podEvent(recorder, pod, type, reason, message);
      else containerEvent(recorder, pod, container, type, reason, message);
    };
    let name: string;
    try {
      name = withDefaultTag(asked);
    } catch (error) {
      const message = `Failed to apply default image tag ${quote(asked)}: ${textOf(error)}`;
      tell('Warning', 'InspectFailed', message);
      return failed('InvalidImageName', message);
    }
    let present: Image | undefined;
    if (pullPolicy !== 'Always') {
      try {
        present = await runtime.imageStatus(name, signal);
        wish.presentLocally = present !== undefined;
      } catch (error) {
        signal.throwIfAborted();
        const message = `Failed to inspect image "": ${runtimeText(error)}`;
        tell('Warning', 'InspectFailed', message);
        return failed('ImageInspectError', message);
      }
    }
    const credentials = () => this.#credentials(name, pullSecrets);
    if (present !== undefined) wish.pullRequired = await this.#mustPull(asked, present, credentials);
    else if (pullPolicy !== 'Never') wish.pullRequired = true;
    if (present !== undefined && wish.pullRequired === false) {
      const message = `Container image ${quote(asked)} already present on machine and can be accessed by the pod`;
      tell('Normal', 'Pulled', message);
      return { image: present };
    }
    if (pullPolicy !== 'Never') {
      try {
        return await this.#pull({ pod, asked, name, credentials: await credentials(), tell }, signal);
      } catch (error) {
        signal.throwIfAborted();
        return failed('ErrImagePull', textOf(error));
      }
    }
    // Whether there is an image that the pod may not use is not told either.
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

  /** Those of the pod's secrets, then those of the node. Throws when one is not written as it should be. */
  async #credentials(name: string, secrets: readonly Secret[]): Promise<readonly Credential[]> {
    const { repository } = parseImageName(name);
    const own = new RegistryCredentials();
    for (const secret of secrets) own.addSecret(secret);
    return [...own.for(repository), ...(await this.#nodeCredentials()).for(repository)];
  }

  /** Read anew each time: whoever changes the file expects that to count. */
  async #nodeCredentials(): Promise<RegistryCredentials> {
    const { files, rootDirectory, logger } = this.#options;
    const path = `${rootDirectory}/config.json`;
    const credentials = new RegistryCredentials();
    if ((await files.stat(path)) === undefined) return credentials;
    try {
      credentials.addConfig(Buffer.from(await files.read(path)).toString('utf8'), undefined);
    } catch (err) {
      logger.warn('the logins of the node for registries cannot be used', { file: path, err });
    }
    return credentials;
  }

  async #mustPull(asked: string, present: Image, credentials: () => Promise<readonly Credential[]>): Promise<boolean> {
    try {
      return await this.records.mustPull(asked, present.id, credentials);
    } catch (err) {
      this.#options.logger.warn('whether a pod may use an image cannot be found out', { image: asked, err });
      return true;
    }
  }

  async #pull(pull: Pull, signal: AbortSignal): Promise<EnsuredImage> {
    const { environment, starts } = this.#options;
    const { pod, asked, tell } = pull;
    const key = `${pod.metadata.uid}_${asked}`;
    const before = this.#failures.get(key);
    const retryAt = before === undefined ? 0 : before.at + this.#backOff.delayAfter(key, before.at);
    if (before !== undefined && environment.monotonic() < retryAt) {
      const message = `Back-off pulling image ${quote(asked)}`;
      tell('Normal', 'BackOff', message);
      return failed('ImagePullBackOff', `${message}: ${before.message}`, retryAt);
    }
    tell('Normal', 'Pulling', `Pulling image ${quote(asked)}`);
    const uid = pod.metadata.uid ?? '';
    starts.pullStarted(uid, environment.now());
    try {
      const image = await this.#perform(pull, signal);
      this.#failures.delete(key);
      return { image };
    } catch (error) {
      signal.throwIfAborted();
      const now = environment.monotonic();
      const text = pullErrorText(error);
      const failure = pullFailure(asked, text);
      tell('Warning', 'Failed', `Failed to pull image ${quote(asked)}: ${text}`);
      this.#backOff.record(key, now, now);
      this.#failures.set(key, { message: `${failure.reason}: ${failure.message}`, at: now });
      return { failure, retryAt: now + sayBackOffAfterMs };
    } finally {
      starts.pullEnded(uid, environment.now());
    }
  }

  async #perform({ asked, name, credentials, tell }: Pull, signal: AbortSignal): Promise<Image> {
    const { runtime, environment, logger, metrics } = this.#options;
    const { records } = this;
    const askedAt = environment.monotonic();
    await records.begin(asked);
    try {
      const { image, credential, pullMs } = await this.#slots.run(async () => {
        const startedAt = environment.monotonic();
        const pulled = await pullWithCredentials(runtime, name, credentials, signal);
        const found = await runtime.imageStatus(pulled.reference, signal);
        return { image: found, credential: pulled.credential, pullMs: environment.monotonic() - startedAt };
      }, signal);
      if (image === undefined) throw new Error(`image ${quote(name)} is not there after it was pulled`);
      const wholeMs = environment.monotonic() - askedAt;
      metrics.pulled(image.sizeBytes, wholeMs);
      const took = `${goMilliseconds(pullMs)} (${goMilliseconds(wholeMs)} including waiting)`;
      tell(
        'Normal',
        'Pulled',
        `Successfully pulled image ${quote(asked)} in ${took}. Image size: ${image.sizeBytes} bytes.`,
      );
      await records.succeeded(asked, image.id, credential).catch((err: unknown) => {
        logger.warn('that an image was pulled could not be recorded', { image: asked, err });
      });
      return image;
    } catch (error) {
      await records.failed(asked).catch(() => {});
      throw error;
    }
  }
}

function failed(reason: string, message: string, retryAt?: number): EnsuredImage {
  return { failure: { reason, message }, retryAt };
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
