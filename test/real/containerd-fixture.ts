import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { silentLogger } from '../../src/machinery/log.ts';
import { findContainerdPrograms } from '../../src/node/containerd/find-programs.ts';
import { PrivateContainerd, type PrivateContainerdOptions } from '../../src/node/containerd/private-containerd.ts';
import { kubernetesArchitecture } from '../../src/node/host/linux/host-info.ts';
import { LinuxHost } from '../../src/node/host/linux/linux-host.ts';
import type { PackageImage } from '../../src/node/images/making/image-kitchen.ts';
import { LocalImages } from '../../src/node/images/making/local-images.ts';
import { pauseImageName } from '../../src/node/images/making/pause-image.ts';
import { CriRuntime } from '../../src/node/runtime/cri/cri-runtime.ts';
import { spdyStreams } from '../../src/node/runtime/cri/spdy-streams.ts';
import type { ContainerRuntime } from '../../src/node/runtime/runtime.ts';
import { imageCache } from './image-cache.ts';

/** A containerd of the tests' own, with a bridge network, and nothing but the sandbox image. */
export class ContainerdFixture {
  readonly environment = new RealEnvironment();
  readonly directory: string;
  readonly runDirectory: string;
  readonly host: LinuxHost;
  readonly containerd: PrivateContainerd;
  readonly #bridge: string;
  readonly #options: PrivateContainerdOptions;

  private constructor(
    directory: string,
    runDirectory: string,
    bridge: string,
    host: LinuxHost,
    options: PrivateContainerdOptions,
  ) {
    this.directory = directory;
    this.runDirectory = runDirectory;
    this.#bridge = bridge;
    this.host = host;
    this.#options = options;
    this.containerd = new PrivateContainerd(options);
  }

  static async open(): Promise<ContainerdFixture> {
    const environment = new RealEnvironment();
    const directory = mkdtempSync(join(tmpdir(), 'stuurman-containerd-'));
    const runDirectory = `/run/stuurman-test-${process.pid}`;
    const bridge = `stt${process.pid}`;
    writeNetwork(directory, bridge);
    const host = await LinuxHost.open({
      environment,
      dataDirectory: directory,
      ledgerFile: join(directory, 'ledger.jsonl'),
    });
    const programs = await findContainerdPrograms({ path: process.env['PATH'] ?? '' });
    if (!('found' in programs)) throw new Error(`missing: ${programs.missing.join(', ')}`);
    const options: PrivateContainerdOptions = {
      environment,
      host,
      logger: silentLogger,
      programs: programs.found,
      dataDirectory: join(directory, 'containerd'),
      runDirectory,
      cniConfDirectory: join(directory, 'cni'),
      sandboxImage: pauseImageName,
      connect: (socketPath, imageMounts) =>
        new CriRuntime({ environment, socketPath, streams: spdyStreams(environment), imageMounts }),
    };
    const fixture = new ContainerdFixture(directory, runDirectory, bridge, host, options);
    const { containerd } = fixture;
    await containerd.start();
    // It is written anew each time, so that there is one for each that writes.
    await fixture.#images(directory, (images) => images.ensureSandboxImage());
    return fixture;
  }

  /** The same containerd with a program that does not run. */
  crippled(): PrivateContainerd {
    return new PrivateContainerd({
      ...this.#options,
      programs: { ...this.#options.programs, containerd: '/bin/false' },
    });
  }

  runtime(): ContainerRuntime {
    return this.containerd.connect();
  }

  /** Makes the image, or takes it from the cache, and imports it. */
  async provide(image: PackageImage): Promise<void> {
    await this.#images(imageCache, (images) => images.ensure(image));
  }

  async #images(cacheDirectory: string, work: (images: LocalImages) => Promise<unknown>): Promise<void> {
    const { environment, containerd } = this;
    const runtime = this.runtime();
    const { processes } = this.host;
    const architecture = kubernetesArchitecture(process.arch);
    await work(new LocalImages({ environment, processes, architecture, cacheDirectory, runtime, containerd }));
    await runtime.close();
  }

  /** Takes everything down; answers what went wrong. */
  async close(): Promise<readonly string[]> {
    const problems = await this.containerd.down();
    await this.host.processes.run(['ip', 'link', 'delete', this.#bridge], { allowFailure: true });
    rmSync(this.directory, { recursive: true, force: true });
    return problems;
  }
}

function writeNetwork(directory: string, bridge: string): void {
  const ipam = {
    type: 'host-local',
    dataDir: join(directory, 'ipam'),
    // Apart from that of a test beside this one, and from one that a run left behind.
    ranges: [[{ subnet: `198.19.${(Number(process.env['VITEST_POOL_ID'] ?? 0) % 4) * 64 + (process.pid % 64)}.0/24` }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  const plugins = [{ type: 'bridge', bridge, isGateway: true, ipMasq: false, ipam }];
  mkdirSync(join(directory, 'cni'));
  const list = { cniVersion: '1.0.0', name: bridge, plugins };
  writeFileSync(join(directory, 'cni/10-test.conflist'), JSON.stringify(list));
}
