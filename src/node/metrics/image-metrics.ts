import type { Counter, Family, Gauge, Histogram } from '../../machinery/metrics.ts';
import type { KubeletFamilies } from './kubelet-families.ts';

const pullSeconds = [1, 5, 10, 20, 30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];
const megabyte = 2 ** 20;
const gigabyte = 2 ** 30;
/** The largest first: a label for images of more bytes than this. */
const sizes: readonly (readonly [moreThanBytes: number, label: string])[] = [
  [100 * gigabyte, 'GT100GB'],
  [60 * gigabyte, '60GB-100GB'],
  [40 * gigabyte, '40GB-60GB'],
  [30 * gigabyte, '30GB-40GB'],
  [20 * gigabyte, '20GB-30GB'],
  [10 * gigabyte, '10GB-20GB'],
  [5 * gigabyte, '5GB-10GB'],
  [gigabyte, '1GB-5GB'],
  [500 * megabyte, '500MB-1GB'],
  [100 * megabyte, '100MB-500MB'],
  [10 * megabyte, '10MB-100MB'],
  [0, '0-10MB'],
];

/** What was found out when it was looked whether a pod may use an image that is here. */
export type LeaveCheck = 'credentialPolicyAllowed' | 'credentialRecordFound' | 'mustAuthenticate' | 'error';

/** One wish of a container or volume for an image; what was not found out is undefined. */
export interface ImageWish {
  readonly pullPolicy: string | undefined;
  presentLocally: boolean | undefined;
  pullRequired: boolean | undefined;
}

/** What is counted of images: decisions, pulls, and what is known of those that were pulled. */
export class ImageMetrics {
  readonly #wishes: Family<Counter>;
  readonly #checks: Family<Counter>;
  readonly #records: Gauge;
  readonly #intents: Gauge;
  readonly #pulls: Family<Histogram>;
  readonly #collected: Family<Counter>;
  readonly #volumesRequested: Counter;
  readonly #volumesMounted: Counter;
  readonly #volumeErrors: Counter;

  constructor(families: KubeletFamilies) {
    this.#wishes = families.counter(
      'image_manager_ensure_image_requests_total',
      'How often an image was asked for, by whether it was here and had to be pulled',
      'pull_policy',
      'present_locally',
      'pull_required',
    );
    this.#checks = families.counter(
      'imagemanager_image_mustpull_checks_total',
      'How often it was looked whether a pod may use an image that is here, by what came of it',
      'result',
    );
    this.#records = families
      .gauge('imagemanager_ondisk_pulledrecords', 'Images of which it is on disk that they were pulled')
      .with();
    this.#intents = families
      .gauge('imagemanager_ondisk_pullintents', 'Images of which it is on disk that they are being pulled')
      .with();
    this.#pulls = families.histogram(
      'image_pull_duration_seconds',
      'How long it takes to pull an image, with the wait for its turn, by size',
      pullSeconds,
      'image_size_in_bytes',
    );
    this.#collected = families.counter(
      'image_garbage_collected_total',
      'Images that were removed since nobody used them, by why',
      'reason',
    );
    this.#volumesRequested = families
      .counter('image_volume_requested_total', 'Images that containers have asked for as volumes')
      .with();
    this.#volumesMounted = families
      .counter('image_volume_mounted_succeed_total', 'Mounts of images as volumes that came about')
      .with();
    this.#volumeErrors = families
      .counter('image_volume_mounted_errors_total', 'Mounts of images as volumes that failed')
      .with();
  }

  wished({ pullPolicy = '', presentLocally, pullRequired }: ImageWish): void {
    const told = (value: boolean | undefined) => (value === undefined ? 'unknown' : String(value));
    this.#wishes.with(pullPolicy.toLowerCase(), told(presentLocally), told(pullRequired)).add();
  }

  checked(result: LeaveCheck): void {
    this.#checks.with(result).add();
  }

  recorded(records: number, intents: number): void {
    this.#records.set(records);
    this.#intents.set(intents);
  }

  pulled(sizeBytes: number, durationMs: number): void {
    const label = sizes.find(([moreThanBytes]) => sizeBytes > moreThanBytes)?.[1] ?? 'N/A';
    this.#pulls.with(label).observe(durationMs / 1000);
  }

  collected(): void {
    this.#collected.with('space').add();
  }

  /** A container with so many images as volumes was made, or could not be because one was not mounted. */
  volumesMounted(images: number, mounts: number, failed: boolean): void {
    this.#volumesRequested.add(images);
    (failed ? this.#volumeErrors : this.#volumesMounted).add(mounts);
  }
}
