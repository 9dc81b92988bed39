import { createHash } from 'node:crypto';
import type { Logger } from '../../../machinery/log.ts';
import type { Files } from '../../host/host.ts';
import type { ImageMetrics, LeaveCheck } from '../../metrics/image-metrics.ts';
import { withoutTag } from '../image-name.ts';
import type { Credential, SecretSource } from './registry-credentials.ts';

export interface PullRecordsOptions {
  readonly files: Files;
  readonly logger: Logger;
  readonly metrics: Pick<ImageMetrics, 'checked' | 'recorded'>;
  /** Where the records are; made when it is needed. */
  readonly directory: string;
}

/** With whose leave an image was pulled under one name. */
type Leave = { readonly everyone: true } | { readonly secrets: readonly Grant[] };

interface Grant extends SecretSource {
  readonly hash: string;
}

interface PulledImage {
  readonly imageId: string;
  /** By the image's name without tag and digest. */
  readonly leave: { [repository: string]: Leave };
}

/** So many secrets are remembered for one image; more of them lead to another pull. */
const mostGrants = 100;

/**
 * Which images this node has pulled, and with whose leave: a pod that may not pull an image may not use it either because another
 * one's pull has left it here (KEP-2535). What was on the machine before is everybody's. Kept on disk, since images are.
 */
export class PullRecords {
  readonly #options: PullRecordsOptions;
  readonly #records = new Map<string, PulledImage>();
  /** How many pulls of an image are under way, or were when an agent ended. */
  readonly #intents = new Map<string, number>();
  #loaded: Promise<void> | undefined;

  constructor(options: PullRecordsOptions) {
    this.#options = options;
  }

  /** Whether a pod has to pull an image that is here, to show that it may use it. Its credentials are asked for where they count. */
  async mustPull(image: string, imageId: string, credentials: () => Promise<readonly Credential[]>): Promise<boolean> {
    let result: LeaveCheck = 'error';
    try {
      result = await this.#check(image, imageId, credentials);
    } finally {
      this.#options.metrics.checked(result);
    }
    return result === 'mustAuthenticate';
  }

  async #check(
    image: string,
    imageId: string,
    credentials: () => Promise<readonly Credential[]>,
  ): Promise<Exclude<LeaveCheck, 'error'>> {
    await this.#load();
    const record = this.#records.get(imageId);
    if (record === undefined) return this.#intents.has(image) ? 'mustAuthenticate' : 'credentialPolicyAllowed';
    const leave = record.leave[withoutTag(image)];
    if (leave === undefined) return 'mustAuthenticate';
    if ('everyone' in leave) return 'credentialRecordFound';
    for (const credential of await credentials()) {
      const { source, hash } = credential;
      if (source === undefined) continue;
      const same = leave.secrets.find((grant) => grant.hash === hash);
      const known = leave.secrets.find((grant) => isSameSecret(grant, source));
      if (same === undefined && known === undefined) continue;
      // The same login by another secret, or the same secret with another login: both are good from now on.
      if (same !== known) await this.#grant(image, imageId, credential);
      return 'credentialRecordFound';
    }
    return 'mustAuthenticate';
  }

  /** After `prune`, which reads what is on disk. */
  wasPulled(imageId: string): boolean {
    return this.#records.has(imageId);
  }

  /** Before a pull: should this process end in it, the image is not taken for one that was here before. */
  async begin(image: string): Promise<void> {
    await this.#load();
    const count = this.#intents.get(image) ?? 0;
    this.#intents.set(image, count + 1);
    if (count === 0) await this.#write(this.#intentFile(image), image);
    this.#tellSizes();
  }

  /** After a pull; `credential`: that which it was made with. */
  async succeeded(image: string, imageId: string, credential: Credential | undefined): Promise<void> {
    await this.#grant(image, imageId, credential);
    await this.#end(image);
  }

  failed(image: string): Promise<void> {
    return this.#end(image);
  }

  /** Forgets images that are not on the machine any more. */
  async prune(present: ReadonlySet<string>): Promise<void> {
    await this.#load();
    for (const id of this.#records.keys()) {
      if (present.has(id)) continue;
      this.#records.delete(id);
      await this.#options.files.remove(this.#recordFile(id));
    }
    this.#tellSizes();
  }

  async #grant(image: string, imageId: string, credential: Credential | undefined): Promise<void> {
    const repository = withoutTag(image);
    const { leave }: Pick<PulledImage, 'leave'> = this.#records.get(imageId) ?? { leave: {} };
    const merged = mergeLeave(leave[repository], credential);
    if (merged === leave[repository]) return;
    const record: PulledImage = { imageId, leave: { ...leave, [repository]: merged } };
    this.#records.set(imageId, record);
    await this.#write(this.#recordFile(imageId), JSON.stringify(record));
    this.#tellSizes();
  }

  async #end(image: string): Promise<void> {
    const count = (this.#intents.get(image) ?? 1) - 1;
    if (count > 0) {
      this.#intents.set(image, count);
      return;
    }
    this.#intents.delete(image);
    await this.#options.files.remove(this.#intentFile(image));
    this.#tellSizes();
  }

  #tellSizes(): void {
    this.#options.metrics.recorded(this.#records.size, this.#intents.size);
  }

  #load(): Promise<void> {
    this.#loaded ??= this.#read().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async #read(): Promise<void> {
    for (const text of await this.#readAll('pulled')) {
      const record = JSON.parse(text) as PulledImage;
      this.#records.set(record.imageId, record);
    }
    for (const image of await this.#readAll('pulling')) this.#intents.set(image, 0);
    this.#tellSizes();
  }

  async #readAll(folder: string): Promise<readonly string[]> {
    const { files, directory, logger } = this.#options;
    const path = `${directory}/${folder}`;
    if ((await files.stat(path)) === undefined) return [];
    const texts: string[] = [];
    for (const name of await files.list(path)) {
      const text = Buffer.from(await files.read(`${path}/${name}`)).toString('utf8');
      if (folder === 'pulling' || isRecord(text)) texts.push(text);
      else logger.warn('a record of a pulled image cannot be read', { file: `${path}/${name}` });
    }
    return texts;
  }

  async #write(path: string, text: string): Promise<void> {
    const { files } = this.#options;
    await files.makeDirectory(path.slice(0, path.lastIndexOf('/')), 0o700);
    await files.write(path, text, 0o600);
  }

  #recordFile(imageId: string): string {
    return `${this.#options.directory}/pulled/${digestOf(imageId)}`;
  }

  #intentFile(image: string): string {
    return `${this.#options.directory}/pulling/${digestOf(image)}`;
  }
}

/** Answers the very same leave when there is nothing to add. */
function mergeLeave(known: Leave | undefined, credential: Credential | undefined): Leave {
  if (credential?.source === undefined) return known !== undefined && 'everyone' in known ? known : { everyone: true };
  const grant: Grant = { ...credential.source, hash: credential.hash };
  if (known === undefined) return { secrets: [grant] };
  if ('everyone' in known) return known;
  if (known.secrets.some((each) => isSameSecret(each, grant) && each.hash === grant.hash)) return known;
  const others = known.secrets.filter((each) => !isSameSecret(each, grant));
  return { secrets: [...others, grant].slice(-mostGrants) };
}

function isSameSecret(a: SecretSource, b: SecretSource): boolean {
  return a.uid === b.uid && a.namespace === b.namespace && a.name === b.name;
}

function isRecord(text: string): boolean {
  try {
    const { imageId, leave } = JSON.parse(text) as Partial<PulledImage>;
    return typeof imageId === 'string' && typeof leave === 'object';
  } catch {
    return false;
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
