import type { FieldError } from '../../../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../../../machinery/field-errors.ts';
import { httpHeaderName, portName, portNumber } from '../../../../machinery/names.ts';
import type {
  Container,
  HTTPGetAction,
  Lifecycle,
  LifecycleHandler,
  Probe,
} from '../../../schema/core-v1.generated.ts';
import { applyNumberRule, applyRule } from '../../../validation/apply-rule.ts';

const schemes = ['HTTP', 'HTTPS'];
const counts = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

/** The three probes of a container. `graceSeconds`: how long the pod has to end. */
export function validateProbes(container: Container, graceSeconds: number, path: string, errors: FieldError[]): void {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe !== undefined)
    validateUntilFirstSuccess(livenessProbe, graceSeconds, `${path}.livenessProbe`, errors);
  if (readinessProbe !== undefined) validateReadiness(readinessProbe, graceSeconds, `${path}.readinessProbe`, errors);
  if (startupProbe !== undefined) validateUntilFirstSuccess(startupProbe, graceSeconds, `${path}.startupProbe`, errors);
}

function validateUntilFirstSuccess(probe: Probe, graceSeconds: number, path: string, errors: FieldError[]): void {
  validateProbe(probe, graceSeconds, path, errors);
  if (probe.successThreshold !== 1)
    errors.push(invalid(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'));
}

function validateReadiness(probe: Probe, graceSeconds: number, path: string, errors: FieldError[]): void {
  validateProbe(probe, graceSeconds, path, errors);
  const { terminationGracePeriodSeconds } = probe;
  if (terminationGracePeriodSeconds !== undefined) {
    const detail = 'must not be set for readinessProbes';
    errors.push(invalid(`${path}.terminationGracePeriodSeconds`, terminationGracePeriodSeconds, detail));
  }
}

function validateProbe(probe: Probe, graceSeconds: number, path: string, errors: FieldError[]): void {
  validateHandler(probe, graceSeconds, path, errors);
  for (const name of counts) {
    const value = probe[name] ?? 0;
    if (value < 0) errors.push(invalid(`${path}.${name}`, value, 'must be greater than or equal to 0'));
  }
  const { terminationGracePeriodSeconds } = probe;
  if (terminationGracePeriodSeconds !== undefined && terminationGracePeriodSeconds <= 0)
    errors.push(
      invalid(`${path}.terminationGracePeriodSeconds`, terminationGracePeriodSeconds, 'must be greater than 0'),
    );
}

export function validateLifecycle(
  lifecycle: Lifecycle,
  graceSeconds: number,
  path: string,
  errors: FieldError[],
): void {
  const { postStart, preStop } = lifecycle;
  if (postStart !== undefined) validateHandler(postStart, graceSeconds, `${path}.postStart`, errors);
  if (preStop !== undefined) validateHandler(preStop, graceSeconds, `${path}.preStop`, errors);
}

/** What probes and hooks can do between them. */
type Handler = Pick<Probe, 'grpc'> & LifecycleHandler;

function validateHandler(handler: Handler, graceSeconds: number, path: string, errors: FieldError[]): void {
  let handlers = 0;
  const only = (name: string) => {
    if (handlers++ === 0) return true;
    errors.push(forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'));
    return false;
  };
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec !== undefined && only('exec') && (exec.command ?? []).length === 0)
    errors.push(required(`${path}.exec.command`));
  if (httpGet !== undefined && only('httpGet')) validateHttpGet(httpGet, `${path}.httpGet`, errors);
  if (tcpSocket !== undefined && only('tcpSocket')) validatePort(tcpSocket.port, `${path}.tcpSocket.port`, errors);
  if (grpc !== undefined && only('grpc')) applyNumberRule(portNumber, grpc.port, `${path}.grpc.port`, errors);
  if (sleep !== undefined && only('sleep') && (sleep.seconds < 0 || sleep.seconds > graceSeconds)) {
    const detail = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
    errors.push(invalid(`${path}.sleep`, sleep.seconds, detail));
  }
  if (handlers === 0) errors.push(required(path, 'must specify a handler type'));
}

function validateHttpGet(action: HTTPGetAction, path: string, errors: FieldError[]): void {
  if (!action.path) errors.push(required(`${path}.path`));
  validatePort(action.port, `${path}.port`, errors);
  if (!schemes.includes(action.scheme ?? '')) errors.push(notSupported(`${path}.scheme`, action.scheme ?? '', schemes));
  for (const { name } of action.httpHeaders ?? []) applyRule(httpHeaderName, name, `${path}.httpHeaders`, errors);
}

/** A number, or the name of a port. */
function validatePort(port: string | number, path: string, errors: FieldError[]): void {
  if (typeof port === 'number') applyNumberRule(portNumber, port, path, errors);
  else applyRule(portName, port, path, errors);
}
