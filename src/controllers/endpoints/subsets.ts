import type {
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Pod,
  Service,
} from '../../resources/schema/core-v1.generated.ts';
import { isPodReady } from '../runtime/pods.ts';
import { addressOf, addressTypesOf, hostnameOf, isEndpoint, isHeadless, portsOf } from './service-endpoints.ts';

/** More addresses than this are not kept in one Endpoints object. */
const mostAddresses = 1000;

interface Member {
  readonly address: EndpointAddress;
  readonly ready: boolean;
}

/** A port with the addresses that offer it; undefined stands for addresses without ports. */
interface PortMembers {
  readonly port: EndpointPort | undefined;
  readonly members: readonly Member[];
}

/** The subsets of an Endpoints object: ports that have the same addresses are together; all in a fixed order. */
export function subsetsOf(service: Service, pods: Iterable<Pod>): readonly EndpointSubset[] {
  const byPort = new Map<string, { readonly port: EndpointPort | undefined; readonly members: Member[] }>();
  const [family = 'IPv4'] = addressTypesOf(service);
  const tolerateUnready = service.spec?.publishNotReadyAddresses === true;
  const hasPorts = (service.spec?.ports?.length ?? 0) > 0;
  for (const pod of pods) {
    const ip = isEndpoint(pod, tolerateUnready) ? addressOf(pod, family) : undefined;
    if (ip === undefined) continue;
    const member: Member = { address: addressFor(ip, pod, service), ready: tolerateUnready || isPodReady(pod) };
    const ports: readonly (EndpointPort | undefined)[] = hasPorts
      ? portsOf(service, pod).map(withoutEmptyName)
      : isHeadless(service)
        ? [undefined]
        : [];
    for (const port of ports) {
      const key = portKey(port);
      const entry = byPort.get(key);
      if (entry === undefined) byPort.set(key, { port, members: [member] });
      else entry.members.push(member);
    }
  }
  return group(byPort);
}

/**
 * Subsets that somebody wrote, in the form in which `subsetsOf` makes them: each address once for a port, and not ready where one of
 * its mentions is not.
 */
export function repackSubsets(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  const byPort = new Map<string, { readonly port: EndpointPort | undefined; readonly members: Map<string, Member> }>();
  // What is said of an address first counts for all its ports.
  const known = new Map<string, EndpointAddress>();
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const mentioned = [
      ...addresses.map((address): Member => ({ address, ready: true })),
      ...notReadyAddresses.map((address): Member => ({ address, ready: false })),
    ];
    for (const port of ports.length === 0 ? [undefined] : ports) {
      const key = portKey(port);
      const entry = byPort.get(key) ?? { port, members: new Map<string, Member>() };
      byPort.set(key, entry);
      for (const { address, ready } of mentioned) {
        const identity = `${address.ip} ${address.targetRef?.uid ?? ''}`;
        const first = known.get(identity) ?? address;
        known.set(identity, first);
        const wasReady = entry.members.get(identity)?.ready ?? true;
        entry.members.set(identity, { address: first, ready: ready && wasReady });
      }
    }
  }
  const entries = [...byPort].map(
    ([key, { port, members }]) => [key, { port, members: [...members.values()] }] as const,
  );
  return group(new Map(entries));
}

function addressFor(ip: string, pod: Pod, service: Service): EndpointAddress {
  const { namespace, name, uid } = pod.metadata;
  const hostname = hostnameOf(pod, service);
  const { nodeName } = pod.spec ?? {};
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined || nodeName === '' ? {} : { nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

function withoutEmptyName({ name = '', ...port }: EndpointPort): EndpointPort {
  return name === '' ? port : { name, ...port };
}

function portKey(port: EndpointPort | undefined): string {
  return port === undefined ? '' : [port.name ?? '', port.protocol, port.port, port.appProtocol ?? ''].join('/');
}

/** Ports with the same members make one subset. */
function group(byPort: ReadonlyMap<string, PortMembers>): readonly EndpointSubset[] {
  const entries = [...byPort].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  const groups = new Map<string, { readonly ports: EndpointPort[]; readonly members: readonly Member[] }>();
  for (const { port, members } of entries) {
    const sorted = members.toSorted((a, b) => (memberKey(a) < memberKey(b) ? -1 : 1));
    const key = sorted.map(memberKey).join('\n');
    const existing = groups.get(key);
    if (existing === undefined) groups.set(key, { ports: port === undefined ? [] : [port], members: sorted });
    else if (port !== undefined) existing.ports.push(port);
  }
  return [...groups.values()].map(({ ports, members }) => {
    const addresses = members.filter((each) => each.ready).map((each) => each.address);
    const notReadyAddresses = members.filter((each) => !each.ready).map((each) => each.address);
    return {
      ...(addresses.length === 0 ? {} : { addresses }),
      ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
      ...(ports.length === 0 ? {} : { ports }),
    };
  });
}

function memberKey({ address, ready }: Member): string {
  return `${address.ip} ${address.targetRef?.uid} ${ready}`;
}

/** Cuts subsets down to the bound: every subset keeps a share of it, ready addresses first. */
export function truncated(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] | undefined {
  const count = (field: 'addresses' | 'notReadyAddresses') =>
    subsets.reduce((sum, subset) => sum + (subset[field]?.length ?? 0), 0);
  const [ready, notReady] = [count('addresses'), count('notReadyAddresses')];
  if (ready + notReady <= mostAddresses) return undefined;
  const readyRoom = Math.min(ready, mostAddresses);
  let notReadyLeft = mostAddresses - readyRoom;
  let readyLeft = readyRoom;
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports }, index) => {
    const isLast = index === subsets.length - 1;
    const share = (length: number, total: number, room: number, left: number) =>
      isLast ? left : Math.min(left, total === 0 ? 0 : Math.floor((length / total) * room));
    const keep = addresses.slice(0, share(addresses.length, ready, readyRoom, readyLeft));
    const keepNot = notReadyAddresses.slice(
      0,
      Math.max(0, share(notReadyAddresses.length, notReady, mostAddresses - readyRoom, notReadyLeft)),
    );
    readyLeft -= keep.length;
    notReadyLeft -= keepNot.length;
    if (keep.length + keepNot.length === 0) return [];
    return [
      {
        ...(keep.length === 0 ? {} : { addresses: keep }),
        ...(keepNot.length === 0 ? {} : { notReadyAddresses: keepNot }),
        ...(ports === undefined ? {} : { ports }),
      },
    ];
  });
}
