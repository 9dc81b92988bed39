import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, notSupported, required, tooLong } from '../../machinery/field-errors.ts';
import { byteLength } from '../../machinery/go-text.ts';
import { dnsLabel, nameIsDnsSubdomain } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { IngressClass, IngressClassParametersReference } from '../schema/networking-v1.generated.ts';
import { ingressClasses } from '../schema/resource-types.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { validateDomainPrefixedPath } from '../validation/domain-prefixed-path.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { validateObjectReference } from './validate-object-reference.ts';

const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class';
const longestController = 250;
const scopes = ['Cluster', 'Namespace'];

/** Which controller looks after the Ingresses that name it, and where that finds its settings. */
export const ingressClassDefinition = define<IngressClass>(ingressClasses, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/ingressclasses/' },
  setDefaults(ingressClass) {
    ingressClass.spec ??= {};
    const { parameters } = ingressClass.spec;
    if (parameters !== undefined) parameters.scope ??= 'Cluster';
  },
  validateName: nameIsDnsSubdomain,
  validate,
  validateUpdate(ingressClass, old, errors) {
    validateImmutable(ingressClass.spec?.controller ?? '', old.spec?.controller ?? '', 'spec.controller', errors);
    validate(ingressClass, errors);
  },
  changesGeneration: (ingressClass, old) => !equal(ingressClass.spec, old.spec),
  row: ({ metadata, spec = {} }, now) => [
    `${metadata.name}${isDefaultIngressClass({ metadata }) ? ' (default)' : ''}`,
    spec.controller ?? '',
    parametersText(spec.parameters),
    ageSince(metadata.creationTimestamp, now),
  ],
});

/** Whether Ingresses that name no class get this one. */
export function isDefaultIngressClass({ metadata }: Pick<IngressClass, 'metadata'>): boolean {
  return metadata.annotations?.[defaultAnnotation] === 'true';
}

function parametersText(parameters: IngressClassParametersReference | undefined): string {
  if (parameters === undefined) return '<none>';
  const { apiGroup, kind, name } = parameters;
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`;
}

function validate({ spec: { controller = '', parameters } = {} }: IngressClass, errors: FieldError[]): void {
  if (byteLength(controller) > longestController) errors.push(tooLong('spec.controller', longestController));
  validateDomainPrefixedPath(controller, 'spec.controller', errors);
  if (parameters !== undefined) validateParameters(parameters, 'spec.parameters', errors);
}

function validateParameters(parameters: IngressClassParametersReference, path: string, errors: FieldError[]): void {
  validateObjectReference(parameters, path, errors);
  const { scope, namespace } = parameters;
  if (scope === undefined) errors.push(required(`${path}.scope`));
  else if (!scopes.includes(scope)) errors.push(notSupported(`${path}.scope`, scope, scopes));
  else if (scope === 'Cluster') {
    if (namespace !== undefined) errors.push(forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  } else if (namespace === undefined)
    errors.push(required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
  else applyRule(dnsLabel, namespace, `${path}.namespace`, errors);
}
