import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** Where in an archive it lies. */
interface Blob {
  readonly archive: string;
  readonly start: number;
  readonly sizeBytes: number;
  mediaType: string;
}

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const block = 512;

/** A registry of the images in OCI archives, from which nodes pull them as from any other (OCI distribution specification, pull). */
export class ImageRegistry {
  readonly #server: Server;
  readonly #blobs = new Map<string, Blob>();
  /** The digest of the manifest by the full name of the image: `registry.k8s.io/pause:3.10`. */
  readonly #images = new Map<string, string>();

  /** Listens on a free port of the address. */
  static async start(archives: readonly string[], address: string): Promise<ImageRegistry> {
    const registry = new ImageRegistry();
    for (const archive of archives) await registry.#add(archive);
    await new Promise<void>((resolve, reject) => {
      registry.#server.once('error', reject).listen(0, address, resolve);
    });
    return registry;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      // Who asks may go away in the middle of a layer.
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  /** The registries in whose names it serves: `registry.k8s.io`. */
  get hosts(): readonly string[] {
    return [...new Set([...this.#images.keys()].map((image) => image.slice(0, image.indexOf('/'))))];
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #add(archive: string): Promise<void> {
    const file = await open(archive, 'r');
    try {
      for await (const { name, start, sizeBytes } of membersOf(file)) {
        const [, hex] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name) ?? [];
        if (hex !== undefined)
          this.#blobs.set(`sha256:${hex}`, { archive, start, sizeBytes, mediaType: 'application/octet-stream' });
        if (name === 'index.json') this.#addImages(JSON.parse((await readAt(file, start, sizeBytes)).toString()));
      }
    } finally {
      await file.close();
    }
  }

  #addImages({ manifests }: { readonly manifests: readonly Descriptor[] }): void {
    for (const { digest, mediaType, annotations } of manifests) {
      const [image, blob] = [annotations?.['io.containerd.image.name'], this.#blobs.get(digest)];
      if (image === undefined || blob === undefined) continue;
      blob.mediaType = mediaType;
      this.#images.set(image, digest);
    }
  }

  /** Containerd says in `ns` in whose name it asks. */
  async #answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(url ?? '/', 'http://registry');
    if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405).end();
      return;
    }
    const [, name, kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    const image = `${searchParams.get('ns')}/${name}:${reference}`;
    const digest = kind === 'manifests' && !reference.includes(':') ? this.#images.get(image) : reference;
    const blob = digest === undefined ? undefined : this.#blobs.get(digest);
    if (digest === undefined || blob === undefined) {
      response.writeHead(pathname === '/v2/' ? 200 : 404).end();
      return;
    }
    const { archive, start, sizeBytes, mediaType } = blob;
    response.writeHead(200, {
      'content-type': mediaType,
      'content-length': sizeBytes,
      'docker-content-digest': digest,
    });
    if (method === 'HEAD') response.end();
    else await pipeline(createReadStream(archive, { start, end: start + sizeBytes - 1 }), response);
  }
}

/** The files of a tar whose names are short. */
async function* membersOf(file: FileHandle) {
  for (let at = 0; ; ) {
    const header = await readAt(file, at, block);
    const name = text(header, 0, 100);
    if (name === '') return;
    const sizeBytes = Number.parseInt(text(header, 124, 12), 8);
    yield { name, start: at + block, sizeBytes };
    at += block + Math.ceil(sizeBytes / block) * block;
  }
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new Error('the archive ends before its end');
  return buffer;
}
