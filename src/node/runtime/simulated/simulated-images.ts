import { createHash } from 'node:crypto';
import { parseImageName } from '../../images/image-name.ts';
import { type Image, type RegistryLogin, RuntimeError } from '../runtime.ts';

export interface SimulatedImage {
  readonly sizeBytes?: number;
  readonly uid?: number;
  readonly username?: string;
}

export interface SimulatedImagesOptions {
  /** `any`: every well-formed name is on the machine already. */
  readonly present?: 'any' | readonly string[];
  /** What a registry would give; `any`, unless given. */
  readonly pullable?: 'any' | readonly string[];
}

const defaultSize = 20_000_000;

/** The images of a simulated machine: all there are, or those that were put there and what a registry would add. */
export class SimulatedImages {
  readonly #images = new Map<string, Image>();
  readonly #anyPresent: boolean;
  readonly #pullable: ReadonlySet<string> | undefined;
  /** Names whose pull fails, with the registry's words. */
  readonly #failures = new Map<string, string>();
  readonly #protected = new Map<string, RegistryLogin>();

  constructor(options: SimulatedImagesOptions = {}) {
    const { present = 'any', pullable = 'any' } = options;
    this.#anyPresent = present === 'any';
    if (present !== 'any') for (const name of present) this.add(name);
    this.#pullable = pullable === 'any' ? undefined : new Set(pullable.map(normalised));
  }

  add(name: string, properties: SimulatedImage = {}): Image {
    const full = normalised(name);
    const hash = createHash('sha256').update(full).digest('hex');
    const image: Image = {
      id: `sha256:${hash}`,
      tags: full.includes('@') ? [] : [full],
      digests: [`${parseImageName(name).repository}@sha256:${hash}`],
      sizeBytes: properties.sizeBytes ?? defaultSize,
      uid: properties.uid,
      username: properties.username ?? '',
      pinned: false,
    };
    this.#images.set(image.id, image);
    return image;
  }

  /** From now on pulling this name fails with these words; undefined: it works again. */
  failPull(name: string, words: string | undefined): void {
    if (words === undefined) this.#failures.delete(normalised(name));
    else this.#failures.set(normalised(name), words);
  }

  /** From now on only who logs in so may pull images whose names begin with this. */
  protect(prefix: string, login: RegistryLogin): void {
    this.#protected.set(prefix, login);
  }

  list(): readonly Image[] {
    return [...this.#images.values()];
  }

  find(name: string): Image | undefined {
    const byId = this.#images.get(name.startsWith('sha256:') ? name : `sha256:${name}`);
    if (byId !== undefined) return byId;
    const full = tryNormalised(name);
    if (full === undefined) return undefined;
    for (const image of this.#images.values())
      if (image.tags.includes(full) || image.digests.includes(full)) return image;
    return this.#anyPresent ? this.add(name) : undefined;
  }

  pull(name: string, login?: RegistryLogin): Image {
    const full = tryNormalised(name);
    if (full === undefined) throw new RuntimeError('InvalidArgument', `failed to parse reference "${name}"`);
    const failure = this.#failures.get(full);
    if (failure !== undefined) throw new RuntimeError('Unknown', failure);
    const resolving = `failed to pull and unpack image "${full}": failed to resolve reference "${full}"`;
    for (const [prefix, { username, password }] of this.#protected)
      if (full.startsWith(prefix) && (login?.username !== username || login.password !== password))
        throw new RuntimeError('Unknown', `${resolving}: pull access denied, authorization failed`);
    if (this.#pullable !== undefined && !this.#pullable.has(full))
      throw new RuntimeError('NotFound', `${resolving}: ${full}: not found`);
    return this.find(name) ?? this.add(name);
  }

  remove(name: string): void {
    const image = this.find(name);
    if (image !== undefined) this.#images.delete(image.id);
  }
}

/** `docker.io/library/nginx:latest` for `nginx`. */
function normalised(name: string): string {
  const { repository, tag, digest } = parseImageName(name);
  if (digest !== undefined) return `${repository}@${digest}`;
  return `${repository}:${tag ?? 'latest'}`;
}

function tryNormalised(name: string): string | undefined {
  try {
    return normalised(name);
  } catch {
    return undefined;
  }
}
