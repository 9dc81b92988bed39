import { open, rename, rm } from 'node:fs/promises';
import { BlobArchive } from './blob-archive.ts';
import type { LayerEntry } from './layer-entry.ts';

/** An image before it is written: what is in it, and how it runs. */
export interface ImageRecipe {
  /** Full names: `stuurman.local/nginx:1`. */
  readonly names: readonly string[];
  /** As Go calls it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly layers: readonly (readonly LayerEntry[])[];
  readonly entrypoint: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** A name or number, as in `USER`. */
  readonly user?: string;
  readonly stopSignal?: string;
  readonly volumes?: readonly string[];
  readonly exposedPorts?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Writes an image as a file that containerd, Docker and Podman import: an OCI image layout in a tar, with Docker's own list beside it. The
 * same recipe gives the same bytes. Answers the digest of the image's manifest.
 */
export async function writeImageArchive(recipe: ImageRecipe, path: string): Promise<string> {
  const beside = `${path}.part`;
  const file = await open(beside, 'w', 0o644);
  try {
    const digest = await writeTo(new BlobArchive(file), recipe);
    await file.close();
    await rename(beside, path);
    return digest;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(beside, { force: true });
    throw error;
  }
}

async function writeTo(archive: BlobArchive, recipe: ImageRecipe): Promise<string> {
  await archive.add('oci-layout', json({ imageLayoutVersion: '1.0.0' }));
  const layers = [];
  for (const entries of recipe.layers) layers.push(await archive.addLayer(entries));
  const config = await archive.addBlob(
    json(
      imageConfig(
        recipe,
        layers.map((layer) => layer.digest),
      ),
    ),
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.sizeBytes },
    layers: layers.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: layer.digest,
      size: layer.sizeBytes,
    })),
  };
  const written = await archive.addBlob(json(manifest));
  const manifests = recipe.names.map((name) => ({
    mediaType: manifest.mediaType,
    digest: written.digest,
    size: written.sizeBytes,
    platform: { architecture: recipe.architecture, os: 'linux' },
    annotations: {
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
    },
  }));
  await archive.add('index.json', json({ schemaVersion: 2, manifests }));
  const blob = (digest: string) => `blobs/sha256/${digest.slice('sha256:'.length)}`;
  const docker = [
    { Config: blob(config.digest), RepoTags: recipe.names, Layers: layers.map((layer) => blob(layer.digest)) },
  ];
  await archive.add('manifest.json', json(docker));
  await archive.end();
  return written.digest;
}

function imageConfig(recipe: ImageRecipe, diffIds: readonly string[]) {
  const environment = { PATH: defaultPath, ...recipe.environment };
  return {
    // A fixed time: the same files make the same image.
    created: '1970-01-01T00:00:00Z',
    architecture: recipe.architecture,
    os: 'linux',
    config: {
      Entrypoint: recipe.entrypoint,
      ...(recipe.command === undefined ? {} : { Cmd: recipe.command }),
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      ...(recipe.workingDirectory === undefined ? {} : { WorkingDir: recipe.workingDirectory }),
      ...(recipe.user === undefined ? {} : { User: recipe.user }),
      ...(recipe.stopSignal === undefined ? {} : { StopSignal: recipe.stopSignal }),
      ...(recipe.volumes === undefined ? {} : { Volumes: setOf(recipe.volumes) }),
      ...(recipe.exposedPorts === undefined ? {} : { ExposedPorts: setOf(recipe.exposedPorts) }),
      ...(recipe.labels === undefined ? {} : { Labels: recipe.labels }),
    },
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
}

/** The format writes a set as an object of empty objects. */
function setOf(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

function json(value: unknown): Uint8Array<ArrayBufferLike> {
  return new TextEncoder().encode(JSON.stringify(value));
}
