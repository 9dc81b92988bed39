import { forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import { keepingMetadata } from '../keep-metadata.ts';
import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from '../schema/flowcontrol-v1.generated.ts';
import { priorityLevelConfigurations } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { type Found, find } from '../validation/found.ts';
import { goValue } from '../validation/go-value.ts';
import { mandatoryPriorityLevels } from './mandatory-objects.ts';
import { validateFlowConditions } from './validate-conditions.ts';

const types: ReadonlySet<string> = new Set(['Exempt', 'Limited']);
const responses: ReadonlySet<string> = new Set(['Queue', 'Reject']);
const mostQueues = 10_000_000;
/** Bits of a hash by which a flow is given its queues. */
const mostBits = 60;
const roundtripAnnotation = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares';

/** How many requests of a priority are served at a time, and what becomes of others (KEP-1040). */
export const priorityLevelConfigurationDefinition = define<PriorityLevelConfiguration>(priorityLevelConfigurations, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/prioritylevelconfigurations/' },
  setDefaults(level) {
    level.status ??= {};
    const { limited, exempt } = level.spec;
    for (const [part, shares] of [[exempt, 0] as const, [limited, 30] as const]) {
      if (part === undefined) continue;
      part.nominalConcurrencyShares ??= shares;
      part.lendablePercent ??= 0;
    }
    const queuing = limited?.limitResponse?.queuing;
    if (queuing === undefined) return;
    queuing.handSize ||= 8;
    queuing.queues ||= 64;
    queuing.queueLengthLimit ||= 50;
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(level) {
    level.status = {};
  },
  prepareForUpdate(level, old) {
    level.status = shared(old.status ?? {});
  },
  validate: (level, errors) => find(errors, (found) => validate(level, found)),
  changesGeneration: (level, old) => !equal(level.spec, old.spec),
  status: keepingMetadata({
    prepareForUpdate(level, old) {
      level.spec = shared(old.spec);
    },
    validateUpdate: ({ status }, _old, errors) => validateFlowConditions(status?.conditions, errors),
  }),
  row({ metadata, spec: { type, limited } }, now) {
    const queuing = limited?.limitResponse.queuing;
    return [
      metadata.name ?? '',
      type,
      limited?.nominalConcurrencyShares ?? '<none>',
      queuing?.queues ?? '<none>',
      queuing?.handSize ?? '<none>',
      queuing?.queueLengthLimit ?? '<none>',
      ageSince(metadata.creationTimestamp, now),
    ];
  },
});

function validate({ metadata, spec, status }: PriorityLevelConfiguration, found: Found): void {
  if (metadata.annotations?.[roundtripAnnotation] !== undefined)
    found.now.push(forbidden('metadata.annotations', `annotation '${roundtripAnnotation}' is forbidden`));
  validateSpec(spec, metadata.name ?? '', found);
  validateMandatory(spec, metadata.name ?? '', found);
  validateFlowConditions(status?.conditions, found.now);
}

function validateSpec({ type, limited, exempt }: PriorityLevelConfigurationSpec, name: string, found: Found): void {
  if ((name === 'exempt') !== (type === 'Exempt'))
    found.now.push(invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  if (type && !types.has(type)) found.now.push(notSupported('spec.type', type, types));
  if (type === 'Exempt') {
    validateShares(exempt ?? {}, 'spec.exempt', found);
    validateLendable(exempt ?? {}, 'spec.exempt', found);
  } else if (exempt !== undefined) found.later.push(forbidden('spec.exempt', ''));
  if (type === 'Limited') {
    if (limited === undefined) found.later.push(required('spec.limited'));
    else validateLimited(limited, found);
  } else if (limited !== undefined) found.later.push(forbidden('spec.limited', ''));
  if (!type) found.later.push(required('spec.type'));
}

type Shares = ExemptPriorityLevelConfiguration;

function validateShares({ nominalConcurrencyShares: shares = 0 }: Shares, path: string, { now }: Found): void {
  if (shares < 0) now.push(invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'));
}

function validateLendable({ lendablePercent: percent = 0 }: Shares, path: string, { now }: Found): void {
  if (percent < 0 || percent > 100)
    now.push(invalid(`${path}.lendablePercent`, percent, 'must be between 0 and 100, inclusive'));
}

function validateLimited(limited: LimitedPriorityLevelConfiguration, found: Found): void {
  const path = 'spec.limited';
  validateShares(limited, path, found);
  validateResponse(limited.limitResponse, `${path}.limitResponse`, found);
  validateLendable(limited, path, found);
  const { borrowingLimitPercent: borrowed = 0 } = limited;
  if (borrowed < 0)
    found.now.push(invalid(`${path}.borrowingLimitPercent`, borrowed, 'if specified, must be a non-negative integer'));
}

function validateResponse({ type, queuing }: LimitResponse, path: string, found: Found): void {
  if (!type) found.later.push(required(`${path}.type`));
  else if (!responses.has(type)) found.now.push(notSupported(`${path}.type`, type, responses));
  if (type === 'Queue') {
    if (queuing === undefined) found.later.push(required(`${path}.queuing`));
    else validateQueuing(queuing, `${path}.queuing`, found);
  } else if (queuing !== undefined) found.later.push(forbidden(`${path}.queuing`, ''));
}

function validateQueuing(queuing: QueuingConfiguration, path: string, { now }: Found): void {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  if (queueLengthLimit <= 0) now.push(invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  if (queues <= 0) now.push(invalid(`${path}.queues`, queues, 'must be positive'));
  else if (queues > mostQueues) now.push(invalid(`${path}.queues`, queues, `must not be greater than ${mostQueues}`));
  const wrongHand = (why: string) => now.push(invalid(`${path}.handSize`, handSize, why));
  if (handSize <= 0) wrongHand('must be positive');
  else if (handSize > queues) wrongHand(`should not be greater than queues (${queues})`);
  else if (Math.ceil(Math.log2(queues) * handSize) > mostBits)
    wrongHand(
      `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${mostBits}`,
    );
}

function validateMandatory(spec: PriorityLevelConfigurationSpec, name: string, { now }: Found): void {
  const wanted = Object.hasOwn(mandatoryPriorityLevels, name) ? mandatoryPriorityLevels[name] : undefined;
  if (wanted === undefined) return;
  const same = equal(name === 'exempt' ? { ...spec, exempt: wanted.exempt } : spec, wanted);
  if (same) return;
  const except = name === 'exempt' ? " except the 'spec.exempt' field" : '';
  const shown = goValue(spec, 'flowcontrol.v1.PriorityLevelConfigurationSpec');
  now.push(invalid('spec', shown, `spec of '${name}'${except} must equal the fixed value`));
}
