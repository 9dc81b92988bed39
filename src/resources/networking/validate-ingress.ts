import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { dnsLabel, dnsSubdomain, portName, portNumber, wildcardDnsSubdomain } from '../../machinery/names.ts';
import type {
  HTTPIngressPath,
  IngressBackend,
  IngressRule,
  IngressServiceBackend,
  IngressSpec,
  IngressStatus,
  IngressTLS,
} from '../schema/networking-v1.generated.ts';
import { applyNumberRule, applyRule } from '../validation/apply-rule.ts';
import { parseIpAddress, validateIpAddress } from '../validation/ip-address.ts';
import { validateObjectReference } from './validate-object-reference.ts';

const pathTypes: ReadonlySet<string> = new Set(['Exact', 'ImplementationSpecific', 'Prefix']);
const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEnds = ['/..', '/.'];
const notAnAddress = 'must be a DNS name, not an IP address';

/** What an older version let in and an update may therefore keep. */
interface Leave {
  readonly anySecretName?: boolean;
  readonly anyWildcardRule?: boolean;
}

export function validateIngressSpec(spec: IngressSpec, errors: FieldError[], leave: Leave = {}): void {
  const { defaultBackend, rules = [], tls = [], ingressClassName } = spec;
  if (rules.length === 0 && defaultBackend === undefined)
    errors.push(invalid('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified'));
  if (defaultBackend !== undefined) validateBackend(defaultBackend, 'spec.defaultBackend', errors);
  for (const [index, rule] of rules.entries()) validateRule(rule, `spec.rules[${index}]`, errors, leave);
  for (const [index, each] of tls.entries()) validateTls(each, `spec.tls[${index}]`, errors, leave);
  if (ingressClassName !== undefined) applyRule(dnsSubdomain, ingressClassName, 'spec.ingressClassName', errors);
}

export function validateIngressSpecUpdate(spec: IngressSpec, old: IngressSpec, errors: FieldError[]): void {
  const { rules = [], tls = [] } = old;
  validateIngressSpec(spec, errors, {
    anySecretName: tls.some(({ secretName }) => secretName && dnsSubdomain(secretName).length > 0),
    anyWildcardRule: rules.some((rule) => rule.host?.includes('*') && hasBadPaths(rule)),
  });
}

/** What the controller of the class says about where the Ingress is reached. An address that was there may stay as it is. */
export function validateIngressStatus(status: IngressStatus, old: IngressStatus, errors: FieldError[]): void {
  const before = new Set((old.loadBalancer?.ingress ?? []).map(({ ip }) => ip));
  for (const [index, { ip, hostname }] of (status.loadBalancer?.ingress ?? []).entries()) {
    const path = `status.loadBalancer.ingress[${index}]`;
    if (ip && !before.has(ip)) validateIpAddress(ip, `${path}.ip`, errors);
    if (!hostname) continue;
    applyRule(dnsSubdomain, hostname, `${path}.hostname`, errors);
    if (parseIpAddress(hostname) !== undefined) errors.push(invalid(`${path}.hostname`, hostname, notAnAddress));
  }
}

function validateRule(rule: IngressRule, path: string, errors: FieldError[], leave: Leave): void {
  const { host } = rule;
  if (host) {
    if (parseIpAddress(host) !== undefined) errors.push(invalid(`${path}.host`, host, notAnAddress));
    applyRule(host.includes('*') ? wildcardDnsSubdomain : dnsSubdomain, host, `${path}.host`, errors);
  }
  if (!host?.includes('*') || leave.anyWildcardRule !== true) validatePaths(rule, path, errors);
}

function hasBadPaths(rule: IngressRule): boolean {
  const errors: FieldError[] = [];
  validatePaths(rule, '', errors);
  return errors.length > 0;
}

function validatePaths({ http }: IngressRule, path: string, errors: FieldError[]): void {
  if (http === undefined) return;
  const paths = http.paths ?? [];
  if (paths.length === 0) errors.push(required(`${path}.http.paths`));
  for (const [index, each] of paths.entries()) validatePath(each, `${path}.http.paths[${index}]`, errors);
}

function validatePath({ path: text = '', pathType, backend }: HTTPIngressPath, path: string, errors: FieldError[]) {
  const wrong = (why: string) => errors.push(invalid(`${path}.path`, text, why));
  // What has to be there and is not is read as null.
  if (pathType == null) {
    errors.push(required(`${path}.pathType`, 'pathType must be specified'));
    return;
  }
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!text.startsWith('/')) wrong('must be an absolute path');
    for (const sequence of badSequences) if (text.includes(sequence)) wrong(`must not contain '${sequence}'`);
    for (const end of badEnds) if (text.endsWith(end)) wrong(`cannot end with '${end}'`);
  } else if (pathType === 'ImplementationSpecific') {
    if (text !== '' && !text.startsWith('/')) wrong('must be an absolute path');
  } else errors.push(notSupported(`${path}.pathType`, pathType, pathTypes));
  validateBackend(backend, `${path}.backend`, errors);
}

function validateBackend({ service, resource }: IngressBackend, path: string, errors: FieldError[]): void {
  if (resource !== undefined && service !== undefined)
    errors.push(invalid(path, '', 'cannot set both resource and service backends'));
  else if (resource !== undefined) validateObjectReference(resource, `${path}.resource`, errors);
  else if (service !== undefined) validateServiceBackend(service, path, errors);
  else errors.push(invalid(path, '', 'resource or service backend is required'));
}

function validateServiceBackend({ name, port }: IngressServiceBackend, path: string, errors: FieldError[]): void {
  if (!name) errors.push(required(`${path}.service.name`));
  else applyRule(dnsLabel, name, `${path}.service.name`, errors);
  const { name: byName = '', number: byNumber = 0 } = port ?? {};
  if (byName !== '' && byNumber !== 0) errors.push(invalid(path, '', 'cannot set both port name & port number'));
  else if (byName !== '') applyRule(portName, byName, `${path}.service.port.name`, errors);
  else if (byNumber !== 0) applyNumberRule(portNumber, byNumber, `${path}.service.port.number`, errors);
  else errors.push(required(path, 'port name or number is required'));
}

function validateTls({ hosts = [], secretName }: IngressTLS, path: string, errors: FieldError[], leave: Leave): void {
  for (const [index, host] of hosts.entries()) {
    const rule = host.includes('*') ? wildcardDnsSubdomain : dnsSubdomain;
    applyRule(rule, host, `${path}.hosts[${index}]`, errors);
  }
  if (secretName && leave.anySecretName !== true) applyRule(dnsSubdomain, secretName, `${path}.secretName`, errors);
}
