import type { ClusterTrustBundle } from '../../resources/schema/certificates-v1.generated.ts';
import type {
  ConfigMap,
  Container,
  EnvVarSource,
  FileKeySelector,
  Secret,
  Service,
} from '../../resources/schema/core-v1.generated.ts';
import { envFileValue } from './env-file.ts';
import { expand } from './expand.ts';
import { fieldText, type PodFacts, resourceText } from './field-ref.ts';
import type { Reference } from './references.ts';
import { serviceVariables } from './service-variables.ts';

/** Where values come from that are not in the pod itself. */
export interface ReferencedObjects {
  /** Undefined when there is none. */
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  /** All of the cluster. */
  trustBundles(): Promise<readonly ClusterTrustBundle[]>;
  /** Calls back whenever the object may have changed. Returns how to stop it. */
  follow(namespace: string, reference: Reference, changed: () => void): () => void;
}

export interface VariablesInput {
  readonly container: Container;
  readonly facts: PodFacts;
  readonly objects: ReferencedObjects;
  readonly services: Iterable<Service>;
  /** A file in a volume of the pod. */
  readVolumeFile(volume: string, path: string): Promise<VolumeFile>;
}

export interface VolumeFile {
  /** On the node. */
  readonly path: string;
  readonly text: string;
}

/**
 * The environment of a container: variables of services, below those of `envFrom`, below those of `env`. Throws an `Error` in the
 * words of CreateContainerConfigError when something it refers to is not there.
 */
export async function environmentVariables(input: VariablesInput): Promise<ReadonlyMap<string, string>> {
  const { container, facts, services } = input;
  const { pod } = facts;
  const fromServices = serviceVariables(services, pod.metadata.namespace ?? '', pod.spec?.enableServiceLinks !== false);
  const variables = new Map<string, string>();
  for (const source of container.envFrom ?? []) {
    const data = await bulkOf(input, source.configMapRef, source.secretRef);
    for (const [key, value] of Object.entries(data)) variables.set(`${source.prefix ?? ''}${key}`, value);
  }
  const lookup = (name: string) => variables.get(name) ?? fromServices.get(name);
  for (const { name, value, valueFrom } of container.env ?? []) {
    const text = valueFrom === undefined ? expand(value ?? '', lookup) : await referencedValue(input, valueFrom);
    if (text !== undefined) variables.set(name, text);
  }
  for (const [name, value] of fromServices) if (!variables.has(name)) variables.set(name, value);
  return variables;
}

interface OptionalReference {
  readonly name?: string | undefined;
  readonly optional?: boolean | undefined;
}

async function bulkOf(
  input: VariablesInput,
  configMap: OptionalReference | undefined,
  secret: OptionalReference | undefined,
): Promise<Readonly<Record<string, string>>> {
  if (configMap !== undefined) return (await configMapOf(input, configMap))?.data ?? {};
  if (secret === undefined) return {};
  const found = await secretOf(input, secret);
  return Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, decode(value)]));
}

/** Undefined: an optional reference to what is not there. */
async function referencedValue(input: VariablesInput, source: EnvVarSource): Promise<string | undefined> {
  const { facts, container } = input;
  const { pod } = facts;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  if (fieldRef !== undefined) return fieldText(fieldRef.fieldPath, facts);
  if (resourceFieldRef !== undefined) {
    const { containerName } = resourceFieldRef;
    const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const of =
      containerName === undefined || containerName === '' ? container : all.find(({ name }) => name === containerName);
    if (of === undefined) throw new Error(`container ${containerName} not found`);
    return resourceText(resourceFieldRef, of, facts.allocatable);
  }
  if (configMapKeyRef !== undefined) {
    const value = (await configMapOf(input, configMapKeyRef))?.data?.[configMapKeyRef.key];
    if (value !== undefined || configMapKeyRef.optional === true) return value;
    throw missingKey(configMapKeyRef, 'ConfigMap', pod.metadata.namespace);
  }
  if (fileKeyRef !== undefined) return fileValue(input, fileKeyRef);
  if (secretKeyRef === undefined) return undefined;
  const value = (await secretOf(input, secretKeyRef))?.data?.[secretKeyRef.key];
  if (value !== undefined) return decode(value);
  if (secretKeyRef.optional === true) return undefined;
  throw missingKey(secretKeyRef, 'Secret', pod.metadata.namespace);
}

async function fileValue(input: VariablesInput, { volumeName, path, key, optional }: FileKeySelector) {
  const file = await input.readVolumeFile(volumeName, path);
  let value: string | undefined;
  try {
    value = envFileValue(file.text, key);
  } catch (error) {
    throw new Error("couldn't parse env file", { cause: error });
  }
  if (value !== undefined && value !== '') return value;
  if (optional === true) return undefined;
  throw new Error(`environment variable key "${key}" not found in file "${file.path}"`);
}

function missingKey(
  reference: { readonly name?: string | undefined; readonly key: string },
  kind: string,
  namespace = '',
): Error {
  return new Error(`couldn't find key ${reference.key} in ${kind} ${namespace}/${reference.name}`);
}

async function configMapOf(
  input: VariablesInput,
  { name = '', optional }: OptionalReference,
): Promise<ConfigMap | undefined> {
  const found = await input.objects.configMap(input.facts.pod.metadata.namespace ?? '', name);
  if (found === undefined && optional !== true) throw new Error(`configmap "${name}" not found`);
  return found;
}

async function secretOf(
  input: VariablesInput,
  { name = '', optional }: OptionalReference,
): Promise<Secret | undefined> {
  const found = await input.objects.secret(input.facts.pod.metadata.namespace ?? '', name);
  if (found === undefined && optional !== true) throw new Error(`secret "${name}" not found`);
  return found;
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
