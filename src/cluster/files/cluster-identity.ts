import type { Environment } from '../../machinery/environment/environment.ts';
import { chooseRanges, type TakenRange } from '../../network/choose-ranges.ts';
import type { AskedRanges } from './asked-ranges.ts';
import { type DataDirectory, DataDirectoryError } from './data-directory.ts';

const format = 1;

/** What makes a cluster this one, decided once, at its first start. */
export interface ClusterIdentity {
  readonly format: number;
  /** Eight letters and digits; cgroups, links, tables and namespaces carry it. */
  readonly id: string;
  readonly podRange: string;
  readonly serviceRange: string;
  readonly domain: string;
  readonly createdAt: string;
}

export interface IdentityRequest extends AskedRanges {
  readonly environment: Environment;
  /** Ranges that networks and other clusters of this machine use. */
  readonly takenRanges: () => readonly TakenRange[];
  /** Told what a user should know: ranges that were avoided. */
  readonly notice: (text: string) => void;
}

/** The identity of the cluster in a data directory; a new one is made where there is none. */
export function ensureIdentity(directory: DataDirectory, request: IdentityRequest): ClusterIdentity {
  if (directory.exists) {
    const known = readIdentity(directory);
    keepRange('--pod-cidr', request.podRange, known.podRange);
    keepRange('--service-cidr', request.serviceRange, known.serviceRange);
    return known;
  }
  const identity = createIdentity(request);
  directory.write(directory.clusterFile, `${JSON.stringify(identity, undefined, 2)}\n`);
  return identity;
}

/** Throws `DataDirectoryError` where there is no cluster, or one of a newer format. */
export function readIdentity(directory: DataDirectory): ClusterIdentity {
  const identity = directory.readFormat<ClusterIdentity>(directory.clusterFile, format);
  if (identity === undefined) {
    throw new DataDirectoryError(
      `there is no cluster in ${directory.path}: start one with "stuurman up", or give its directory with --data-dir`,
    );
  }
  if (typeof identity.id !== 'string' || !/^[a-z\d]{8}$/.test(identity.id)) {
    throw new DataDirectoryError(
      `${directory.clusterFile} is damaged: restore it from a backup, or run "stuurman down --purge" to begin anew`,
    );
  }
  return identity;
}

function keepRange(option: string, asked: string | undefined, known: string): void {
  if (asked !== undefined && asked !== known)
    throw new DataDirectoryError(`${option} ${asked} is for a first start: this cluster has ${known}, for good`);
}

function createIdentity({
  environment,
  takenRanges,
  podRange,
  serviceRange,
  notice,
}: IdentityRequest): ClusterIdentity {
  const taken = takenRanges();
  const beside = [podRange, serviceRange].filter((range) => range !== undefined);
  const chosen =
    podRange !== undefined && serviceRange !== undefined
      ? { pods: podRange, services: serviceRange, avoided: [] }
      : chooseRanges([...taken, ...beside.map((range) => ({ range, owner: 'what was asked for' }))]);
  for (const { range, because } of chosen.avoided)
    notice(`${range} overlaps ${because.range} of ${because.owner}: taking another range`);
  const pods = podRange ?? chosen.pods;
  const services = serviceRange ?? chosen.services;
  return {
    format,
    id: Array.from(environment.randomBytes(8), (byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte & 31]).join(''),
    podRange: pods,
    serviceRange: services,
    domain: 'cluster.local',
    createdAt: new Date(environment.now()).toISOString(),
  };
}
