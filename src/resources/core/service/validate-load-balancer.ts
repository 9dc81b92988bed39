import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../../machinery/field-errors.ts';
import { dnsSubdomain, qualifiedName } from '../../../machinery/names.ts';
import type { LoadBalancerIngress, Service, ServiceSpec } from '../../schema/core-v1.generated.ts';
import { applyRule } from '../../validation/apply-rule.ts';
import { parseIpAddress, validateCidr, validateIpAddress } from '../../validation/ip-address.ts';

const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";
const modes: ReadonlySet<string> = new Set(['Proxy', 'VIP']);

/** Fields that only mean something to a load balancer. */
export function validateLoadBalancer(
  spec: ServiceSpec,
  annotations: Readonly<Record<string, string>>,
  errors: FieldError[],
): void {
  const balanced = spec.type === 'LoadBalancer';
  validateSourceRanges(spec, annotations[rangesAnnotation], balanced, errors);
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balanced)
    errors.push(forbidden('spec.allocateLoadBalancerNodePorts', onlyBalanced));
  if (spec.allocateLoadBalancerNodePorts === undefined && balanced)
    errors.push(required('spec.allocateLoadBalancerNodePorts'));
  const { loadBalancerClass } = spec;
  if (loadBalancerClass === undefined) return;
  if (!balanced) errors.push(forbidden('spec.loadBalancerClass', onlyBalanced));
  else applyRule(qualifiedName, loadBalancerClass, 'spec.loadBalancerClass', errors);
}

/** The field goes before the annotation; spaces around a range are nothing. */
function validateSourceRanges(
  { loadBalancerSourceRanges: ranges = [] }: ServiceSpec,
  annotation: string | undefined,
  balanced: boolean,
  errors: FieldError[],
): void {
  if (ranges.length > 0) {
    const path = 'spec.LoadBalancerSourceRanges';
    if (!balanced) errors.push(forbidden(path, onlyBalanced));
    for (const [index, range] of ranges.entries()) validateCidr(range.trim(), `${path}[${index}]`, errors);
    return;
  }
  if (annotation === undefined) return;
  const path = `metadata.annotations[${rangesAnnotation}]`;
  if (!balanced) errors.push(forbidden(path, onlyBalanced));
  if (annotation.trim() === '') return;
  for (const range of annotation.trim().split(',')) validateCidr(range.trim(), path, errors);
}

/** What a load balancer says of itself. */
export function validateServiceStatus({ spec = {}, status = {} }: Service, _old: Service, errors: FieldError[]): void {
  const ingress = status.loadBalancer?.ingress ?? [];
  const path = 'status.loadBalancer.ingress';
  if (ingress.length === 0) return;
  if (spec.type !== 'LoadBalancer') {
    errors.push(forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'"));
    return;
  }
  for (const [index, each] of ingress.entries()) validateIngress(each, `${path}[${index}]`, errors);
}

function validateIngress({ ip, ipMode, hostname }: LoadBalancerIngress, path: string, errors: FieldError[]) {
  if (ip) validateIpAddress(ip, `${path}.ip`, errors);
  if (ip && ipMode === undefined) errors.push(required(`${path}.ipMode`, 'must be specified when `ip` is set'));
  else if (!ip && ipMode !== undefined)
    errors.push(forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set'));
  else if (ipMode !== undefined && !modes.has(ipMode)) errors.push(notSupported(`${path}.ipMode`, ipMode, modes));
  if (hostname) {
    applyRule(dnsSubdomain, hostname, `${path}.hostname`, errors);
    if (parseIpAddress(hostname) !== undefined)
      errors.push(invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address'));
  }
}
