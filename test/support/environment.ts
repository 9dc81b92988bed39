import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';

/** Environments for tests of rooms that may not import `machinery/` themselves. */
export const realEnvironment = new RealEnvironment();

export function virtualEnvironment(seed: number): VirtualEnvironment {
  return new VirtualEnvironment(seed);
}
