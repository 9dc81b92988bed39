import { invalid } from '../../machinery/field-errors.ts';
import { quote } from '../../machinery/go-text.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { Ingress, IngressRule, IngressStatus } from '../schema/networking-v1.generated.ts';
import { ingresses } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { loadBalancerWarnings } from '../validation/address-warnings.ts';
import { validateIngressSpec, validateIngressSpecUpdate, validateIngressStatus } from './validate-ingress.ts';

/** The older way to name a class. */
export const ingressClassAnnotation = 'kubernetes.io/ingress.class';
const shownHosts = 3;
const widestAddress = 16;
const noStatus: IngressStatus = { loadBalancer: {} };

/** By which hosts and paths services are reached from outside: a wish to the controller of its class. */
export const ingressDefinition = define<Ingress>(ingresses, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/ingress/' },
  setDefaults(ingress) {
    ingress.spec ??= {};
    ingress.status ??= {};
    ingress.status.loadBalancer ??= {};
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(ingress) {
    ingress.status = { loadBalancer: {} };
  },
  prepareForUpdate(ingress, old) {
    ingress.status = shared(old.status ?? noStatus);
  },
  validate({ metadata, spec = {} }, errors) {
    validateIngressSpec(spec, errors);
    const named = metadata.annotations?.[ingressClassAnnotation];
    if (named !== undefined && spec.ingressClassName !== undefined && named !== spec.ingressClassName)
      errors.push(
        invalid(
          `annotations.${ingressClassAnnotation}`,
          named,
          'must match `ingressClassName` when both are specified',
        ),
      );
  },
  validateUpdate: ({ spec = {} }, { spec: old = {} }, errors) => validateIngressSpecUpdate(spec, old, errors),
  warnings({ metadata, spec }, old) {
    const byAnnotation = metadata.annotations?.[ingressClassAnnotation] !== undefined;
    if (old !== undefined || !byAnnotation || spec?.ingressClassName !== undefined) return [];
    return [`annotation ${quote(ingressClassAnnotation)} is deprecated, please use 'spec.ingressClassName' instead`];
  },
  changesGeneration: (ingress, old) => !equal(ingress.spec, old.spec),
  status: {
    prepareForUpdate(ingress, old) {
      ingress.spec = shared(old.spec ?? {});
    },
    validateUpdate: ({ status = {} }, { status: old = {} }, errors) => validateIngressStatus(status, old, errors),
    warnings: ({ status }) => loadBalancerWarnings(status?.loadBalancer),
  },
  row: ({ metadata, spec = {}, status = {} }, now) => [
    metadata.name ?? '',
    spec.ingressClassName ?? '<none>',
    hostsText(spec.rules ?? []),
    addressText(status),
    (spec.tls ?? []).length > 0 ? '80, 443' : '80',
    ageSince(metadata.creationTimestamp, now),
  ],
});

function hostsText(rules: readonly IngressRule[]): string {
  const hosts: string[] = [];
  let more = false;
  for (const { host } of rules) {
    more ||= hosts.length === shownHosts;
    if (!more && host) hosts.push(host);
  }
  if (hosts.length === 0) return '*';
  return `${hosts.join(',')}${more ? ` + ${rules.length - shownHosts} more...` : ''}`;
}

function addressText({ loadBalancer }: IngressStatus): string {
  const points = (loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '');
  const text = [...new Set(points)]
    .filter((point) => point !== '')
    .sort()
    .join(',');
  return text.length > widestAddress ? `${text.slice(0, widestAddress - 3)}...` : text;
}
