import type { KubeObject } from '../../src/machinery/object.ts';

/** One question to a real API server, and what it answered. */
export interface Ask {
  readonly what: string;
  /** Of the collection: `/api/v1/namespaces/resources/configmaps`. */
  readonly path: string;
  /** What is there before: the question is an update of it. */
  readonly old?: KubeObject;
  readonly subresource?: string;
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

type Loose = Record<string, unknown>;

/** Takes out what admission adds to an object, and what differs from one answer to the next. */
export function withoutAdmission(object: KubeObject, asked: KubeObject): KubeObject {
  const { uid, resourceVersion, creationTimestamp, managedFields, finalizers, namespace, ...metadata } =
    object.metadata;
  const { apiVersion, kind, ...rest } = object;
  const result: Loose = { ...rest, metadata };
  const spec = { ...(result['spec'] as Loose | undefined) };
  const askedSpec = ((asked as unknown as Loose)['spec'] ?? {}) as Loose;
  if (kind === 'Pod') {
    for (const field of ['priority', 'preemptionPolicy', 'serviceAccount', 'serviceAccountName', 'tolerations'])
      if (askedSpec[field] === undefined) delete spec[field];
    result['spec'] = spec;
  }
  if (kind === 'Node') {
    if (askedSpec['taints'] === undefined) delete spec['taints'];
    result['spec'] = spec;
  }
  return result as unknown as KubeObject;
}
