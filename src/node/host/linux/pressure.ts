import { join } from 'node:path';
import type { Pressure, PressureFigures, ResourceUsage } from '../host.ts';
import { ifThere, textIn } from './cgroup-files.ts';

const noFigures: PressureFigures = { total: 0, avg10: 0, avg60: 0, avg300: 0 };

/** What a cgroup of v2 has waited for; undefined where the kernel does not count it. */
export function readPressures(folder: string): ResourceUsage['pressure'] {
  const read = (resource: string) => parsePressure(textIn(join(folder, `${resource}.pressure`)));
  return ifThere(() => ({ cpu: read('cpu'), memory: read('memory'), io: read('io') }));
}

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and a line `full`. */
export function parsePressure(text: string): Pressure {
  const figures = (kind: string): PressureFigures => {
    const line = new RegExp(`^${kind} (.*)$`, 'm').exec(text)?.[1];
    if (line === undefined) return noFigures;
    const value = (name: string) => Number(new RegExp(`${name}=([\\d.]+)`).exec(line)?.[1] ?? 0);
    return { total: value('total'), avg10: value('avg10'), avg60: value('avg60'), avg300: value('avg300') };
  };
  return { some: figures('some'), full: figures('full') };
}
