import type { NodeLimits } from '../../node/node-limits.ts';

/** What an agent process is told when it is started, as JSON in its file. */
export interface AgentSettings {
  readonly clusterId: string;
  readonly nodeName: string;
  /** Credentials for the API server and its addresses. */
  readonly kubeconfig: string;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly domain: string;
  readonly dnsAddress: string;
  readonly dnsPort: number;
  /** PEM files: who may use the node's API, and what it shows to them. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  /** The port of the node's own API; another one is taken when it is in use. */
  readonly port: number;
  readonly directory: string;
  readonly runDirectory: string;
  readonly volumeDirectory: string;
  readonly resolvConf: string;
  /** Pods' cgroups are below it; it carries the cluster's id, and tells the nodes of one machine apart. */
  readonly cgroupRoot: string;
  /** What the node keeps from its pods; what is absent is as usual. */
  readonly limits: NodeLimits;
  /** The node in whose machine this one has a network of its own; absent for one in the network of its machine. */
  readonly behindNode?: string | undefined;
  /**
   * Where the agent keeps what it proves itself with, and renews it by certificate requests: a node that joined by a token. Absent for
   * nodes of the server's machine, whose certificates the server renews.
   */
  readonly identityDirectory?: string | undefined;
  /** For a node whose server is on another machine: the data directory of this one, and what takes the node down here. */
  readonly joined?: { readonly dataDirectory: string; readonly leaveCommand: readonly string[] } | undefined;
  /** Another one makes a new server start the agent anew. */
  readonly version: string;
}
