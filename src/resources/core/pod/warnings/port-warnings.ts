import { quote } from '../../../../machinery/go-text.ts';
import type { Container, ContainerPort } from '../../../schema/core-v1.generated.ts';

interface Place {
  readonly path: string;
  readonly port: ContainerPort;
}

/** Ports that a pod has twice, and names that mean more than one of its ports. */
export function portWarnings(
  containers: readonly (readonly [path: string, container: Container])[],
): readonly string[] {
  const places: readonly Place[] = containers.flatMap(([path, { ports = [] }]) =>
    ports.map((port, index) => ({ path: `${path}.ports[${index}]`, port })),
  );
  if (places.length < 2) return [];
  const twice = places.flatMap((place, index) => places.slice(0, index).flatMap((other) => conflict(place, other)));
  return [...twice, ...nameWarnings(places)];
}

function conflict({ path, port }: Place, other: Place): readonly string[] {
  if (port.containerPort !== other.port.containerPort || port.protocol !== other.port.protocol) return [];
  const same = port.hostPort === other.port.hostPort && port.hostIP === other.port.hostIP;
  if (same) return [`${path}: duplicate port definition with ${other.path}`];
  // One that is open on no particular port of the host takes in the one that is.
  const overlap = !port.hostPort || !other.port.hostPort;
  return overlap ? [`${path}: overlapping port definition with ${other.path}`] : [];
}

function nameWarnings(places: readonly Place[]): readonly string[] {
  const first = new Map<string, string>();
  return places.flatMap(({ path, port: { name } }) => {
    if (!name) return [];
    const known = first.get(name);
    if (known === undefined) {
      first.set(name, path);
      return [];
    }
    const detail = `services and probes that select ports by name will use ${known}`;
    return [`${path}: duplicate port name ${quote(name)} with ${known}, ${detail}`];
  });
}
