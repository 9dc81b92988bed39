import type { FieldError } from '../../../../machinery/field-error.ts';
import { duplicate, forbidden, invalid, notSupported, required, tooMany } from '../../../../machinery/field-errors.ts';
import { dnsLabel } from '../../../../machinery/names.ts';
import type {
  Container,
  ContainerResizePolicy,
  ContainerRestartRule,
  Volume,
} from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';
import { isSidecar } from '../aggregate-resources.ts';
import { validateEnv, validateEnvFrom } from './env.ts';
import { validateContainerPorts, validateHostPortConflicts } from './ports.ts';
import { validateLifecycle, validateProbes } from './probes.ts';
import { validateContainerResources } from './resources.ts';
import { validateContainerSecurityContext } from './security-context.ts';
import { validateVolumeDevices, validateVolumeMounts } from './volume-mounts.ts';

const messagePolicies = ['File', 'FallbackToLogsOnError'];
const pullPolicies: ReadonlySet<string> = new Set(['Always', 'IfNotPresent', 'Never']);
const restartPolicies: ReadonlySet<string> = new Set(['Always', 'Never', 'OnFailure']);
const resizableResources: ReadonlySet<string> = new Set(['cpu', 'memory']);
const resizePolicies: ReadonlySet<string> = new Set(['NotRequired', 'RestartContainer']);
const restartActions: ReadonlySet<string> = new Set(['Restart', 'RestartAllContainers']);
const exitCodeOperators: ReadonlySet<string> = new Set(['In', 'NotIn']);
const maxRestartRules = 20;
const maxExitCodes = 255;

/** What a container needs to know of its pod. */
export interface PodSurroundings {
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly claims: ReadonlySet<string>;
  readonly graceSeconds: number;
  readonly restartPolicy: string;
  readonly hostUsers: boolean;
}

export function validateContainers(
  containers: readonly Container[],
  pod: PodSurroundings,
  path: string,
  errors: FieldError[],
): void {
  if (containers.length === 0) {
    errors.push(required(path));
    return;
  }
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const place = `${path}[${index}]`;
    validateContainer(container, pod, place, errors);
    if (names.has(container.name)) errors.push(duplicate(`${place}.name`, container.name));
    names.add(container.name);
    if (container.lifecycle !== undefined)
      validateLifecycle(container.lifecycle, pod.graceSeconds, `${place}.lifecycle`, errors);
    validateProbes(container, pod.graceSeconds, place, errors);
    validateRestart(container, place, errors);
  }
  validateHostPortConflicts(containers, path, errors);
}

const notForInit = 'may not be set for init containers without restartPolicy=Always';

/** `regular`: the containers of the same pod, whose names are taken. */
export function validateInitContainers(
  containers: readonly Container[],
  regular: readonly Container[],
  pod: PodSurroundings,
  path: string,
  errors: FieldError[],
): void {
  const names = new Set(regular.map(({ name }) => name));
  for (const [index, container] of containers.entries()) {
    const place = `${path}[${index}]`;
    validateContainer(container, pod, place, errors);
    validateRestart(container, place, errors);
    if (names.has(container.name)) errors.push(duplicate(`${place}.name`, container.name));
    else if (container.name) names.add(container.name);
    validateHostPortConflicts([container], path, errors);
    if (isSidecar(container)) {
      if (container.lifecycle !== undefined)
        validateLifecycle(container.lifecycle, pod.graceSeconds, `${place}.lifecycle`, errors);
      validateProbes(container, pod.graceSeconds, place, errors);
      continue;
    }
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
      if (container[field] !== undefined) errors.push(forbidden(`${place}.${field}`, notForInit));
  }
}

/** The rules that every container keeps, of whatever sort. */
export function validateContainer(
  container: Container,
  pod: PodSurroundings,
  path: string,
  errors: FieldError[],
): void {
  const { name, image, terminationMessagePolicy, imagePullPolicy, ports, env, envFrom } = container;
  if (!name) errors.push(required(`${path}.name`));
  else applyRule(dnsLabel, name, `${path}.name`, errors);
  if (!image) errors.push(required(`${path}.image`));
  validateRequiredChoice(terminationMessagePolicy, messagePolicies, `${path}.terminationMessagePolicy`, errors);
  if (ports !== undefined) validateContainerPorts(ports, `${path}.ports`, errors);
  if (env !== undefined) validateEnv(env, `${path}.env`, errors);
  if (envFrom !== undefined) validateEnvFrom(envFrom, `${path}.envFrom`, errors);
  if (container.volumeMounts !== undefined)
    validateVolumeMounts(container, pod.volumes, `${path}.volumeMounts`, errors);
  if (container.volumeDevices !== undefined)
    validateVolumeDevices(container, pod.volumes, `${path}.volumeDevices`, errors);
  validateRequiredChoice(imagePullPolicy, pullPolicies, `${path}.imagePullPolicy`, errors);
  if (container.resources !== undefined)
    validateContainerResources(container.resources, pod.claims, `${path}.resources`, errors);
  if (container.resizePolicy !== undefined)
    validateResizePolicy(container.resizePolicy, pod.restartPolicy, `${path}.resizePolicy`, errors);
  if (container.securityContext !== undefined)
    validateContainerSecurityContext(container.securityContext, pod.hostUsers, `${path}.securityContext`, errors);
}

function validateRequiredChoice(
  value: string | undefined,
  supported: readonly string[] | ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  if (!value) errors.push(required(path));
  else if (![...supported].includes(value)) errors.push(notSupported(path, value, supported));
}

function validateResizePolicy(
  policies: readonly ContainerResizePolicy[],
  podRestartPolicy: string,
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  for (const [index, { resourceName, restartPolicy }] of policies.entries()) {
    if (seen.has(resourceName)) errors.push(duplicate(`${path}[${index}]`, resourceName));
    seen.add(resourceName);
    validateRequiredChoice(resourceName, resizableResources, path, errors);
    validateRequiredChoice(restartPolicy, resizePolicies, path, errors);
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(invalid(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
  }
}

/** The restart policy of one container, and what its exit codes make of it (KEP-5307). */
function validateRestart(container: Container, path: string, errors: FieldError[]): void {
  const { restartPolicy, restartPolicyRules = [] } = container;
  const place = `${path}.restartPolicy`;
  if (restartPolicy === undefined) {
    if (restartPolicyRules.length > 0)
      errors.push(required(place, 'must specify restartPolicy when restart rules are used'));
  } else if (!restartPolicies.has(restartPolicy)) errors.push(notSupported(place, restartPolicy, restartPolicies));
  if (restartPolicyRules.length > maxRestartRules)
    errors.push(tooMany(`${path}.restartPolicyRules`, restartPolicyRules.length, maxRestartRules));
  else
    for (const [index, rule] of restartPolicyRules.entries())
      validateRestartRule(rule, `${path}.restartPolicyRules[${index}]`, errors);
}

function validateRestartRule({ action, exitCodes }: ContainerRestartRule, path: string, errors: FieldError[]): void {
  if (!restartActions.has(action)) errors.push(notSupported(`${path}.action`, action ?? '', restartActions));
  if (exitCodes === undefined) {
    errors.push(required(`${path}.exitCodes`, 'must be specified'));
    return;
  }
  const { operator, values = [] } = exitCodes;
  if (!exitCodeOperators.has(operator))
    errors.push(notSupported(`${path}.exitCodes.operator`, operator ?? '', exitCodeOperators));
  if (values.length > maxExitCodes) errors.push(tooMany(`${path}.exitCodes.values`, values.length, maxExitCodes));
}

/** Apart from the rest, because templates may break this rule. */
export function validateImageSpaces(containers: readonly Container[], path: string, errors: FieldError[]): void {
  for (const [index, { image = '' }] of containers.entries())
    if (image.trim() !== image)
      errors.push(invalid(`${path}[${index}].image`, image, 'must not have leading or trailing whitespace'));
}
