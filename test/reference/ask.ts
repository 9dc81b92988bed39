import type { KubeObject } from '../../src/machinery/object.ts';

/** One question to a real API server, and what it answered. */
export interface Ask {
  readonly what: string;
  /** Of the collection: `/api/v1/namespaces/resources/configmaps`. */
  readonly path: string;
  /** What is there before: the question is an update of it. */
  readonly old?: KubeObject;
  /** The status that it has by then. */
  readonly oldStatus?: object;
  /** What was written to one of its views by then. */
  readonly oldView?: { readonly subresource: string; readonly body: KubeObject };
  readonly subresource?: string;
  /** The update says which version it is of, as kinds without unconditional updates want it. */
  readonly versioned?: boolean;
  readonly body: KubeObject;
  readonly answer?: Answer;
}

export interface Answer {
  /** The object as it would be stored, without what every create adds to metadata. */
  readonly object?: KubeObject;
  /** The message of a refusal. */
  readonly message?: string;
  readonly warnings?: readonly string[];
}

/** The times of conditions, which are those of the question. */
const someTime = '2026-01-01T00:00:00Z';

type Loose = Record<string, unknown>;

/** Takes out what admission adds to an object, and what differs from one answer to the next. */
export function withoutAdmission(object: KubeObject, ask: Ask): KubeObject {
  const asked = ask.body;
  const { uid, resourceVersion, creationTimestamp, managedFields, finalizers, namespace, ...metadata } =
    object.metadata;
  const { apiVersion, kind, ...rest } = object;
  const result: Loose = { ...rest, metadata };
  const spec = { ...(result['spec'] as Loose | undefined) };
  const askedSpec = ((asked as unknown as Loose)['spec'] ?? {}) as Loose;
  if (kind === 'Pod') result['spec'] = withoutPodAdmission(spec, askedSpec);
  if (kind === 'Service') result['spec'] = withoutAllocation(spec, askedSpec);
  if (kind === 'CertificateSigningRequest') result['spec'] = withoutRequestor(spec);
  if (kind === 'Node') {
    if (askedSpec['taints'] === undefined) delete spec['taints'];
    result['spec'] = spec;
  }
  // Controllers of the reference may have seen the object before the question came.
  if (ask.old !== undefined && ask.subresource === undefined) delete result['status'];
  const status = result['status'] as Loose | undefined;
  if (status !== undefined) result['status'] = withoutTimes(status, kind === 'CertificateSigningRequest');
  const tidied = result as unknown as KubeObject;
  return kind === 'Job' ? (JSON.parse(withoutUids(JSON.stringify(tidied))) as KubeObject) : tidied;
}

/** Labels of jobs are made of their uid, which differs from one answer to the next. */
export function withoutUids(text: string): string {
  return text.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'the-uid');
}

function withoutTimes(status: Loose, alsoUpdates: boolean): Loose {
  const conditions = status['conditions'] as readonly Loose[] | undefined;
  return {
    ...status,
    ...(conditions !== undefined && {
      conditions: conditions.map((each) => ({
        ...each,
        lastTransitionTime: someTime,
        ...(alsoUpdates && { lastUpdateTime: someTime }),
      })),
    }),
    ...(status['lastPhaseTransitionTime'] !== undefined && { lastPhaseTransitionTime: someTime }),
  };
}

/** Who asks is noted by the server. */
function withoutRequestor({ username, uid, groups, extra, ...asked }: Loose): Loose {
  return asked;
}

/** Addresses, families and node ports are handed out by allocators. */
function withoutAllocation(spec: Loose, asked: Loose): Loose {
  const { clusterIPs, ipFamilies, ipFamilyPolicy, clusterIP, healthCheckNodePort, ports, ...rest } = spec;
  const askedPorts = (asked['ports'] ?? []) as readonly Loose[];
  return {
    ...rest,
    ...(asked['clusterIP'] !== undefined && { clusterIP }),
    ...(asked['healthCheckNodePort'] !== undefined && { healthCheckNodePort }),
    ...(ports !== undefined && {
      ports: (ports as readonly Loose[]).map(({ nodePort, ...port }, index) =>
        askedPorts[index]?.['nodePort'] === undefined ? port : { ...port, nodePort },
      ),
    }),
  };
}

const defaultTolerations = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

function withoutPodAdmission(spec: Loose, asked: Loose): Loose {
  const result = { ...spec };
  for (const field of ['priority', 'preemptionPolicy']) if (asked[field] === undefined) delete result[field];
  if (asked['serviceAccount'] === undefined && asked['serviceAccountName'] === undefined) {
    delete result['serviceAccount'];
    delete result['serviceAccountName'];
  }
  const tolerations = (spec['tolerations'] ?? []) as readonly Loose[];
  const kept = tolerations.filter(({ key }) => !defaultTolerations.includes(String(key)));
  if (kept.length > 0) result['tolerations'] = kept;
  else delete result['tolerations'];
  return result;
}
