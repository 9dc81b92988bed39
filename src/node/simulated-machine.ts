import type { Environment } from '../machinery/environment/environment.ts';
import { SimulatedHost, type SimulatedHostOptions } from './host/simulated/simulated-host.ts';
import { SimulatedRuntime, type SimulatedRuntimeOptions } from './runtime/simulated/simulated-runtime.ts';

export interface SimulatedMachineOptions
  extends Omit<SimulatedHostOptions, 'environment' | 'files'>,
    Omit<SimulatedRuntimeOptions, 'environment' | 'files'> {
  readonly environment: Environment;
}

/** A machine without a machine: its containers write into its files and answer its probes. */
export interface SimulatedMachine {
  readonly host: SimulatedHost;
  readonly runtime: SimulatedRuntime;
}

export function createSimulatedMachine(options: SimulatedMachineOptions): SimulatedMachine {
  const host = new SimulatedHost(options);
  const runtime = new SimulatedRuntime({ ...options, files: host.files });
  host.answerProbesBy(runtime);
  host.usedBy(runtime);
  return { host, runtime };
}
