import { join } from 'node:path';
import type { PrivateContainerd } from '../../node/containerd/private-containerd.ts';
import { kubernetesArchitecture } from '../../node/host/linux/host-info.ts';
import { writeImageArchive } from '../../node/images/making/image-archive.ts';
import { pauseImage, pauseImageName } from '../../node/images/making/pause-image.ts';
import type { ContainerRuntime } from '../../node/runtime/runtime.ts';

/** The image that every pod's sandbox is made of, there before the first pod: it is a few bytes of our own. */
export async function ensureSandboxImage(
  containerd: PrivateContainerd,
  runtime: ContainerRuntime,
  directory: string,
): Promise<void> {
  if ((await runtime.imageStatus(pauseImageName)) !== undefined) return;
  const archive = join(directory, 'pause.tar');
  await writeImageArchive(pauseImage(kubernetesArchitecture(process.arch)), archive);
  await containerd.importImage(archive);
}
