import { quote } from '../../../../machinery/go-text.ts';
import type { Container, ContainerPort } from '../../../schema/core-v1.generated.ts';

interface Place {
  readonly path: string;
  readonly port: ContainerPort;
}

/** More than the header of an answer holds. Of a thousand ports that are all the same nobody reads half a million lines. */
const enough = 200;

/** Ports that a pod has twice, and names that mean more than one of its ports. */
export function portWarnings(
  containers: readonly (readonly [path: string, container: Container])[],
): readonly string[] {
  const places: readonly Place[] = containers.flatMap(([path, { ports = [] }]) =>
    ports.map((port, index) => ({ path: `${path}.ports[${index}]`, port })),
  );
  return [...definitionWarnings(places), ...nameWarnings(places)];
}

function definitionWarnings(places: readonly Place[]): readonly string[] {
  const warnings: string[] = [];
  const seen = new Map<string, Place[]>();
  for (const place of places) {
    const { hostIP, hostPort, containerPort, protocol } = place.port;
    if (hostIP && !hostPort) warnings.push(`${place.path}: hostIP set without hostPort: ${goPort(place.port)}`);
    const key = `${containerPort}/${protocol}`;
    const others = seen.get(key);
    if (others === undefined) seen.set(key, [place]);
    else {
      for (const other of others) {
        const problem = conflict(place.port, other.port);
        if (problem !== undefined) warnings.push(`${place.path}: ${problem} port definition with ${other.path}`);
        if (warnings.length >= enough) return warnings;
      }
      others.push(place);
    }
  }
  return warnings;
}

/** What is wrong with two definitions of one port of a pod. */
function conflict(port: ContainerPort, other: ContainerPort): string | undefined {
  const { hostIP = '', hostPort = 0 } = port;
  const { hostIP: otherIP = '', hostPort: otherPort = 0 } = other;
  if (hostPort === otherPort && hostIP === otherIP) return 'duplicate';
  // One that is open on no particular port of the host takes in the one that is.
  if (hostPort === 0 || otherPort === 0) return 'overlapping';
  if (hostPort === otherPort && (hostIP === '') !== (otherIP === '')) return 'dangerously ambiguous';
  return undefined;
}

function goPort({ name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' }: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
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
