import type { FieldError } from '../../../../machinery/field-error.ts';
import { invalid, notSupported, required } from '../../../../machinery/field-errors.ts';
import { qualifiedName } from '../../../../machinery/names.ts';
import { compareQuantities, parseQuantity } from '../../../../machinery/quantity.ts';
import type { ObjectFieldSelector, ResourceFieldSelector } from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';

/** What environment variables may show of their pod. */
export const environmentFields: ReadonlySet<string> = new Set([
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);

/** What files may show of their pod. */
export const volumeFields: ReadonlySet<string> = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]);

/** Every field of a pod that has a label at all, whatever may use it. */
const knownFields: ReadonlySet<string> = new Set([
  ...environmentFields,
  ...volumeFields,
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.hostNetwork',
  'status.phase',
  'status.nominatedNodeName',
]);

const resourceFields: ReadonlySet<string> = new Set([
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]);
const cpuDivisors = ['1m', '1'];
const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const subscripted = /^(metadata\.labels|metadata\.annotations)\['(.*)'\]$/;

export function validateFieldRef(
  selector: ObjectFieldSelector,
  allowed: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  const { apiVersion, fieldPath } = selector;
  if (!apiVersion) errors.push(required(`${path}.apiVersion`));
  else if (!fieldPath) errors.push(required(`${path}.fieldPath`));
  else validateFieldPath(apiVersion, fieldPath, allowed, path, errors);
}

function validateFieldPath(
  apiVersion: string,
  fieldPath: string,
  allowed: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  const problem = conversionProblem(apiVersion, fieldPath);
  const subscript = subscripted.exec(fieldPath);
  if (problem !== undefined) {
    errors.push(invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${problem}`));
  } else if (subscript !== null) {
    const key = subscript[2] ?? '';
    const rule = subscript[1] === 'metadata.annotations' ? lowerCaseQualifiedName : qualifiedName;
    applyRule((text) => rule(text), key, path, errors);
  } else if (!allowed.has(fieldPath)) {
    errors.push(notSupported(`${path}.fieldPath`, fieldPath, allowed));
  }
}

function lowerCaseQualifiedName(key: string): readonly string[] {
  return qualifiedName(key.toLowerCase());
}

function conversionProblem(apiVersion: string, fieldPath: string): string | undefined {
  if (apiVersion !== 'v1') return `unsupported pod version: ${apiVersion}`;
  if (subscripted.test(fieldPath) || knownFields.has(fieldPath)) return undefined;
  return fieldPath.endsWith("']") && fieldPath.includes("['")
    ? `field label does not support subscript: ${fieldPath}`
    : `field label not supported: ${fieldPath}`;
}

/** `inVolume`: a file has to say which container it means; a variable means its own. */
export function validateResourceFieldRef(
  selector: ResourceFieldSelector,
  inVolume: boolean,
  path: string,
  errors: FieldError[],
): void {
  const { containerName, resource, divisor } = selector;
  if (inVolume && !containerName) errors.push(required(`${path}.containerName`));
  else if (!resource) errors.push(required(`${path}.resource`));
  else if (!resourceFields.has(resource) && !/^(?:limits|requests)\.hugepages-/.test(resource))
    errors.push(notSupported(`${path}.resource`, resource, resourceFields));
  validateDivisor(resource, divisor, path, errors);
}

function validateDivisor(
  resource: string,
  divisor: string | number | undefined,
  path: string,
  errors: FieldError[],
): void {
  const amount = parseQuantity(divisor ?? 0);
  if (amount.unscaled === 0n) return;
  const name = resource.slice(resource.indexOf('.') + 1);
  const kind = divisorKinds.find(({ matches }) => matches(name));
  if (kind === undefined || kind.divisors.some((each) => compareQuantities(parseQuantity(each), amount) === 0)) return;
  const last = kind.divisors === cpuDivisors ? '1m and 1' : kind.divisors.join(', ');
  const detail = `only divisor's values ${last} are supported with the ${kind.title} resource`;
  errors.push(invalid(`${path}.divisor`, resource, detail));
}

const divisorKinds: readonly {
  readonly title: string;
  readonly divisors: readonly string[];
  readonly matches: (name: string) => boolean;
}[] = [
  { title: 'cpu', divisors: cpuDivisors, matches: (name) => name === 'cpu' },
  { title: 'memory', divisors: byteDivisors, matches: (name) => name === 'memory' },
  { title: 'local ephemeral storage', divisors: byteDivisors, matches: (name) => name === 'ephemeral-storage' },
  { title: 'hugepages', divisors: byteDivisors, matches: (name) => name.startsWith('hugepages-') },
];
