import type { Members } from '../../machinery/members.ts';
import type { Schema, StructSchema } from '../../machinery/schema/schema.ts';
import type { LabelSelector } from '../schema/meta-v1.generated.ts';
import { builtInSchemas } from '../schema/schema-table.ts';

/** Where the Go name is not the JSON name with a capital letter, everywhere or in one type. */
const names: Readonly<Record<string, string>> = {
  uid: 'UID',
  ip: 'IP',
  cidrs: 'CIDRs',
  os: 'OS',
  tty: 'TTY',
  dnsPolicy: 'DNSPolicy',
  dnsConfig: 'DNSConfig',
  'core.v1.PodSpec.serviceAccount': 'DeprecatedServiceAccount',
  gcePersistentDisk: 'GCEPersistentDisk',
  awsElasticBlockStore: 'AWSElasticBlockStore',
  httpGet: 'HTTPGet',
  httpHeaders: 'HTTPHeaders',
  tcpSocket: 'TCPSocket',
  grpc: 'GRPC',
  nfs: 'NFS',
  iscsi: 'ISCSI',
  rbd: 'RBD',
  fc: 'FC',
  csi: 'CSI',
  cephfs: 'CephFS',
  storageos: 'StorageOS',
  fsType: 'FSType',
  sslEnabled: 'SSLEnabled',
  fsGroup: 'FSGroup',
  fsGroupChangePolicy: 'FSGroupChangePolicy',
  iqn: 'IQN',
  iscsiInterface: 'ISCSIInterface',
  chapAuthDiscovery: 'DiscoveryCHAPAuth',
  chapAuthSession: 'SessionCHAPAuth',
  wwids: 'WWIDs',
  pdName: 'PDName',
  'core.v1.AzureDiskVolumeSource.diskURI': 'DataDiskURI',
  'core.v1.GlusterfsVolumeSource.endpoints': 'EndpointsName',
  'core.v1.RBDVolumeSource.monitors': 'CephMonitors',
  'core.v1.RBDVolumeSource.image': 'RBDImage',
  'core.v1.RBDVolumeSource.pool': 'RBDPool',
  'core.v1.RBDVolumeSource.user': 'RadosUser',
  apiVersion: 'APIVersion',
  apiGroup: 'APIGroup',
  apiGroups: 'APIGroups',
  cel: 'CEL',
  seLinuxOptions: 'SELinuxOptions',
  seLinuxChangePolicy: 'SELinuxChangePolicy',
  gmsaCredentialSpecName: 'GMSACredentialSpecName',
  gmsaCredentialSpec: 'GMSACredentialSpec',
};

/**
 * A struct as Kubernetes shows it in a message: its internal form written as JSON, with the names that fields have in Go and
 * with every field there. `typeName` is that of the facts: `core.v1.Taint`.
 */
export function goValue(value: unknown, typeName: string): unknown {
  const schema = builtInSchemas.get(typeName);
  return schema === undefined ? value : structValue((value ?? {}) as Readonly<Record<string, unknown>>, schema);
}

function structValue(value: Readonly<Record<string, unknown>>, schema: StructSchema): unknown {
  // The types of the meta group are the only ones whose internal form says how to write itself.
  if (schema.name.startsWith('meta.v1.')) return inOrder(value, schema);
  const result: Record<string, unknown> = {};
  for (const [name, field] of schema.fields) {
    // Metadata is a part of the struct, so its fields stand beside the others.
    if (field.schema.kind === 'struct' && field.schema.name === 'meta.v1.ObjectMeta') {
      Object.assign(result, memberValue(value[name], field.schema));
      continue;
    }
    const goName = names[`${schema.name}.${name}`] ?? names[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
    const member = value[name];
    result[goName] = (member ?? null) === null && field.pointer ? null : memberValue(member, field.schema);
  }
  return result;
}

function memberValue(value: unknown, schema: Schema): unknown {
  switch (schema.kind) {
    case 'struct':
      return structValue((value ?? {}) as Readonly<Record<string, unknown>>, schema);
    case 'list':
      return Array.isArray(value) ? value.map((item) => memberValue(item, schema.items)) : null;
    case 'map':
      return value === undefined || value === null ? null : sortedMembers(value);
    case 'scalar':
      return value ?? zeroOf(schema.type);
    default:
      return value ?? null;
  }
}

/** A label selector as messages show it. */
export function selectorValue(selector: LabelSelector): unknown {
  const schema = builtInSchemas.get('meta.v1.LabelSelector');
  return schema === undefined ? selector : inOrder(selector as Members, schema);
}

/** The JSON form of a value, its fields in the order of Go's struct. */
function inOrder(value: unknown, schema: Schema): unknown {
  switch (schema.kind) {
    case 'struct': {
      const members = value as Members;
      const named = [...schema.fields.values()].filter(({ name }) => members[name] !== undefined);
      return Object.fromEntries(named.map((field) => [field.name, inOrder(members[field.name], field.schema)]));
    }
    case 'list':
      return (value as readonly unknown[]).map((item) => inOrder(item, schema.items));
    case 'map':
      return sortedMembers(value);
    default:
      return value;
  }
}

/** Go writes maps with their keys in order. */
export function sortedMembers(map: unknown): unknown {
  return Object.fromEntries(Object.entries(map as object).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function zeroOf(type: string): unknown {
  if (type === 'string' || type === 'intOrString') return '';
  if (type === 'bool') return false;
  return type === 'int32' || type === 'int64' || type === 'double' ? 0 : null;
}
