/** What of our containerd's configuration depends on the machine and the cluster. Paths are absolute. */
export interface ContainerdConfig {
  /** Images and what containers wrote; kept over a restart of the machine. */
  readonly root: string;
  /** Running containers: best on a memory file system, since it is worthless after a reboot. */
  readonly state: string;
  readonly socket: string;
  readonly sandboxImage: string;
  readonly cniBinDirectory: string;
  readonly cniConfDirectory: string;
  readonly runc: string;
  /** Folders of `HOST/hosts.toml`: how registries are reached. The first that has one for a host counts. */
  readonly registryDirectories: readonly string[];
  readonly snapshotter: 'overlayfs' | 'native';
  /** Tables that the administrator has written, such as those of further runtimes. */
  readonly additions: readonly string[];
  /** Without CAP_SYS_RESOURCE nobody may make a process less likely to be killed than it is. */
  readonly restrictOomScoreAdj: boolean;
}

/**
 * The configuration file, in the format that 1.6 and 1.7 have and 2.x still reads. Nothing outside our own folders is touched, except
 * that shims always keep their sockets under /run/containerd/s.
 */
export function containerdConfig(config: ContainerdConfig): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${text(config.root)}
state = ${text(config.state)}
disabled_plugins = [${unused.map(text).join(', ')}]

[grpc]
  address = ${text(config.socket)}

[debug]
  level = "warn"

[${cri}]
  sandbox_image = ${text(config.sandboxImage)}
  restrict_oom_score_adj = ${config.restrictOomScoreAdj}
  netns_mounts_under_state_dir = true
  tolerate_missing_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

[${cri}.cni]
  bin_dir = ${text(config.cniBinDirectory)}
  conf_dir = ${text(config.cniConfDirectory)}

[${cri}.registry]
  config_path = ${text(config.registryDirectories.join(':'))}

[${cri}.containerd]
  snapshotter = ${text(config.snapshotter)}
  default_runtime_name = "runc"

[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[${cri}.containerd.runtimes.runc.options]
  BinaryName = ${text(config.runc)}
  Root = ${text(`${config.state}/runc`)}
  SystemdCgroup = false

[plugins."io.containerd.internal.v1.opt"]
  path = ${text(`${config.root}/opt`)}
${config.additions.map((each) => `\n${each.trim()}\n`).join('')}`;
}

/** Plugins that nobody here uses, and that would look for kernel modules or make folders. */
const unused = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.restart',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.internal.v1.tracing',
];

/** Basic strings of TOML have JSON's escapes. */
function text(value: string): string {
  return JSON.stringify(value);
}
