import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { findContainerdPrograms } from '../../node/containerd/find-programs.ts';
import { PrivateContainerd } from '../../node/containerd/private-containerd.ts';
import type { Host } from '../../node/host/host.ts';
import { pauseImageName } from '../../node/images/making/pause-image.ts';
import { CriRuntime } from '../../node/runtime/cri/cri-runtime.ts';
import { spdyStreams } from '../../node/runtime/cri/spdy-streams.ts';
import type { AgentSettings } from './agent-settings.ts';

export interface NodeRuntimeOptions {
  readonly settings: Pick<AgentSettings, 'directory' | 'runDirectory'>;
  readonly host: Host;
  readonly environment: Environment;
  readonly logger: Logger;
}

/** The containerd of this cluster on this machine, and how to speak to it. Throws when its programs are missing. */
export async function nodeRuntime({ settings, host, environment, logger }: NodeRuntimeOptions) {
  const programs = await findContainerdPrograms({ path: process.env['PATH'] ?? '' });
  if ('missing' in programs)
    throw new Error(`containers need ${programs.missing.join(', ')}, which this machine does not have`);
  const cniDirectory = join(settings.directory, 'cni');
  const containerd = new PrivateContainerd({
    environment,
    host,
    logger,
    programs: programs.found,
    dataDirectory: join(settings.directory, 'containerd'),
    runDirectory: settings.runDirectory,
    cniConfDirectory: cniDirectory,
    sandboxImage: pauseImageName,
    connect: (socketPath, imageMounts) =>
      new CriRuntime({ environment, socketPath, streams: spdyStreams(environment), imageMounts }),
  });
  return { host, containerd, cniDirectory, runtime: containerd.connect() };
}
