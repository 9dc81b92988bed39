import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { dnsSubdomain, nameIsDnsSubdomain } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import { keepingMetadata } from '../keep-metadata.ts';
import type { FlowSchema } from '../schema/flowcontrol-v1.generated.ts';
import { flowSchemas } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { goValue } from '../validation/go-value.ts';
import { mandatoryFlowSchemas } from './mandatory-objects.ts';
import { validateFlowConditions } from './validate-conditions.ts';
import { validateFlowRule } from './validate-flow-rule.ts';

const usualPrecedence = 1000;
const lastPrecedence = 10_000;
const methods: ReadonlySet<string> = new Set(['ByNamespace', 'ByUser']);

/** Which requests are of which priority level, and which of them are one flow (KEP-1040). */
export const flowSchemaDefinition = define<FlowSchema>(flowSchemas, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/flowschemas/' },
  setDefaults(schema) {
    schema.status ??= {};
    schema.spec.matchingPrecedence ||= usualPrecedence;
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(schema) {
    schema.status = {};
  },
  prepareForUpdate(schema, old) {
    schema.status = shared(old.status ?? {});
  },
  validate,
  changesGeneration: (schema, old) => !equal(schema.spec, old.spec),
  status: keepingMetadata({
    prepareForUpdate(schema, old) {
      schema.spec = shared(old.spec);
    },
    validateUpdate: ({ status }, _old, errors) => validateFlowConditions(status?.conditions, errors),
  }),
  rowOrder: ({ spec: one }, { spec: other }) => (one.matchingPrecedence ?? 0) - (other.matchingPrecedence ?? 0),
  row: ({ metadata, spec, status }, now) => [
    metadata.name ?? '',
    spec.priorityLevelConfiguration.name,
    spec.matchingPrecedence ?? 0,
    spec.distinguisherMethod?.type ?? '<none>',
    ageSince(metadata.creationTimestamp, now),
    status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
  ],
});

function validate({ metadata: { name = '' }, spec, status }: FlowSchema, errors: FieldError[]): void {
  const { matchingPrecedence: precedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec;
  const wrongPrecedence = (why: string) => errors.push(invalid('spec.matchingPrecedence', precedence, why));
  if (precedence <= 0) wrongPrecedence('must be a positive value');
  if (precedence > lastPrecedence) wrongPrecedence(`must not be greater than ${lastPrecedence}`);
  if (precedence === 1 && name !== 'exempt')
    wrongPrecedence("only the schema named 'exempt' may have matchingPrecedence 1");
  if (distinguisherMethod !== undefined && !methods.has(distinguisherMethod.type)) {
    const shown = goValue(distinguisherMethod, 'flowcontrol.v1.FlowDistinguisherMethod');
    errors.push(notSupported('spec.distinguisherMethod.type', shown, methods));
  }
  const path = 'spec.priorityLevelConfiguration.name';
  const { name: level } = priorityLevelConfiguration;
  if (level) applyRule(dnsSubdomain, level, path, errors);
  else errors.push(required(path, 'must reference a priority level'));
  for (const [index, rule] of rules.entries()) validateFlowRule(rule, `spec.rules[${index}]`, errors);
  const wanted = Object.hasOwn(mandatoryFlowSchemas, name) ? mandatoryFlowSchemas[name] : undefined;
  if (wanted !== undefined && !equal(spec, wanted)) {
    const shown = goValue(spec, 'flowcontrol.v1.FlowSchemaSpec');
    errors.push(invalid('spec', shown, `spec of '${name}' must equal the fixed value`));
  }
  validateFlowConditions(status?.conditions, errors);
}
