import type { FieldError } from '../../../../machinery/field-error.ts';
import { duplicate, notSupported, required } from '../../../../machinery/field-errors.ts';
import { portName, portNumber } from '../../../../machinery/names.ts';
import type { Container, ContainerPort } from '../../../schema/core-v1.generated.ts';
import { applyNumberRule, applyRule } from '../../../validation/apply-rule.ts';
import { portProtocols } from '../../../validation/port-protocols.ts';

export function validateContainerPorts(ports: readonly ContainerPort[], path: string, errors: FieldError[]): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const place = `${path}[${index}]`;
    if (port.name) validatePortName(port.name, names, `${place}.name`, errors);
    if (!port.containerPort) errors.push(required(`${place}.containerPort`));
    else applyNumberRule(portNumber, port.containerPort, `${place}.containerPort`, errors);
    if (port.hostPort) applyNumberRule(portNumber, port.hostPort, `${place}.hostPort`, errors);
    if (!port.protocol) errors.push(required(`${place}.protocol`));
    else if (!portProtocols.has(port.protocol))
      errors.push(notSupported(`${place}.protocol`, port.protocol, portProtocols));
  }
}

function validatePortName(name: string, names: Set<string>, path: string, errors: FieldError[]): void {
  const before = errors.length;
  applyRule(portName, name, path, errors);
  if (errors.length > before) return;
  if (names.has(name)) errors.push(duplicate(path, name));
  names.add(name);
}

/** No two containers of a pod may take the same port of the host. */
export function validateHostPortConflicts(containers: readonly Container[], path: string, errors: FieldError[]): void {
  const taken = new Set<string>();
  for (const [index, { ports = [] }] of containers.entries()) {
    for (const [at, { hostPort, hostIP = '', protocol }] of ports.entries()) {
      if (!hostPort) continue;
      const claim = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(claim)) errors.push(duplicate(`${path}[${index}].ports[${at}].hostPort`, claim));
      taken.add(claim);
    }
  }
}
