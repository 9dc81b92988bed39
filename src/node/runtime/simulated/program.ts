import type { Duplex } from 'node:stream';
import type { SimulatedAnswer } from '../../host/simulated/simulated-host.ts';
import type { ContainerConfig, SandboxConfig } from '../runtime.ts';

/** What a simulated container does once it is started. An empty one runs until it is stopped, ends with 0 and answers every probe. */
export interface SimulatedProgram {
  /** Lines written to stdout as it starts. */
  readonly output?: readonly string[];
  /** It ends by itself after this long; absent: it runs until it is stopped. */
  readonly exitAfterMs?: number;
  /** With what it ends by itself; 0 unless given. */
  readonly exitCode?: number;
  /** Why it ended, where that is not `Completed` or `Error`: `OOMKilled`. */
  readonly reason?: string;
  /** How long it takes to end after the stop signal; 0 unless given, Infinity never heeds it. */
  readonly stopAfterMs?: number;
  /** With what it ends after the stop signal; 0 unless given. */
  readonly stopExitCode?: number;
  /** Written to the container's termination message file as it ends by itself. */
  readonly terminationMessage?: string;
  /** The start fails with these words of the runtime. */
  readonly startError?: string;
  /** What a command run inside answers; absent: what a small shell would (`runCommand`). */
  exec?(command: readonly string[], context: ExecContext): SimulatedExec;
  /** What a probe of the pod's address answers; undefined: this container does not listen there. */
  answer?(request: SimulatedRequest): SimulatedAnswer | undefined;
  /** What it does with a line of its stdin, where the container has one; absent: it reads none. */
  input?(line: string, context: ExecContext): SimulatedInput;
  /** What listens on a port: it is handed the connection. Absent: a server that answers HTTP where `answer` accepts tcp. */
  accept?(port: number): ((connection: Duplex) => void) | undefined;
  /** Cores in use while it runs, 0.01 unless given. What a function answers is taken to hold since it was last asked. */
  readonly cpuCores?: number | (() => number);
  /** Resident memory while it runs; 10 MiB unless given. */
  readonly memoryBytes?: number | (() => number);
  /** In its writable layer; 0 unless given. */
  readonly diskBytes?: number;
}

export interface ExecContext {
  readonly env: ContainerConfig['env'];
  readonly hostname: string;
  /** All that was written to stdin; empty where there is none. */
  readonly stdin: string;
}

export interface SimulatedExec {
  readonly exitCode: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** How long the command takes. */
  readonly durationMs?: number;
}

export interface SimulatedInput {
  readonly stdout?: string;
  readonly stderr?: string;
  /** The container ends, with this. */
  readonly exitCode?: number | undefined;
}

export interface SimulatedRequest {
  readonly protocol: 'tcp' | 'http' | 'grpc';
  readonly port: number;
  /** The service for grpc; empty for tcp. */
  readonly path: string;
  /** How long the container has been running. */
  readonly runningMs: number;
}

/** What is known of a container when its program is chosen. */
export interface ProgramContext {
  readonly config: ContainerConfig;
  readonly sandbox: SandboxConfig;
}

/** Chooses what a container does. Called at each start, so a restarted container may do something else. */
export type ProgramChooser = (context: ProgramContext) => SimulatedProgram;
