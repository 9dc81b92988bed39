import { findCondition, saysTheSame, withoutCondition } from '../../machinery/conditions.ts';
import { groupResource, type ResourceType } from '../../machinery/resource-type.ts';
import { formatTime } from '../../machinery/time.ts';
import type { NamespaceCondition } from '../../resources/schema/core-v1.generated.ts';

/** What is left of a resource in a namespace that is being deleted. */
export interface Remainder {
  readonly type: ResourceType;
  readonly instances: number;
  /** How many instances have each finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
}

export interface DeletionState {
  /** Why the resources to delete could not all be found out. */
  readonly discoveryErrors: readonly string[];
  readonly deletionErrors: readonly string[];
  readonly remainders: readonly Remainder[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface Finding {
  readonly type: string;
  readonly failed: boolean;
  readonly reason: string;
  readonly message: string;
}

/** The conditions by which a namespace says how its deletion goes and what holds it up. */
export function deletionConditions(
  existing: readonly NamespaceCondition[],
  state: DeletionState,
): readonly NamespaceCondition[] {
  return findings(state).reduce((conditions, finding) => withFinding(conditions, finding, state.now), existing);
}

function findings({ discoveryErrors, deletionErrors, remainders }: DeletionState): readonly Finding[] {
  return [
    finding(
      'NamespaceDeletionDiscoveryFailure',
      discoveryErrors.length > 0,
      [
        'DiscoveryFailed',
        `Discovery failed for some groups, ${discoveryErrors.length} failing: ${discoveryErrors.join(', ')}`,
      ],
      ['ResourcesDiscovered', 'All resources successfully discovered'],
    ),
    finding(
      'NamespaceDeletionGroupVersionParsingFailure',
      false,
      ['', ''],
      ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
    ),
    finding(
      'NamespaceDeletionContentFailure',
      deletionErrors.length > 0,
      [
        'ContentDeletionFailed',
        `Failed to delete all resource types, ${deletionErrors.length} remaining: ${deletionErrors.join(', ')}`,
      ],
      ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    ),
    finding(
      'NamespaceContentRemaining',
      remainders.length > 0,
      ['SomeResourcesRemain', `Some resources are remaining: ${remainingText(remainders)}`],
      ['ContentRemoved', 'All content successfully removed'],
    ),
    finding(
      'NamespaceFinalizersRemaining',
      remainders.some(({ finalizers }) => finalizers.size > 0),
      ['SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${finalizersText(remainders)}`],
      ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
    ),
  ];
}

type Words = readonly [reason: string, message: string];

function finding(type: string, failed: boolean, bad: Words, good: Words): Finding {
  const [reason, message] = failed ? bad : good;
  return { type, failed, reason, message };
}

function remainingText(remainders: readonly Remainder[]): string {
  return remainders
    .map(({ type, instances }) => `${type.resource}.${type.group} has ${instances} resource instances`)
    .sort()
    .join(', ');
}

function finalizersText(remainders: readonly Remainder[]): string {
  const totals = new Map<string, number>();
  for (const { finalizers } of remainders)
    for (const [name, count] of finalizers) totals.set(name, (totals.get(name) ?? 0) + count);
  return [...totals]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} in ${count} resource instances`)
    .join(', ');
}

/** A condition keeps its time while its status, reason and message stay. */
function withFinding(
  conditions: readonly NamespaceCondition[],
  { type, failed, reason, message }: Finding,
  now: number,
): readonly NamespaceCondition[] {
  const condition = {
    type,
    status: failed ? 'True' : 'False',
    lastTransitionTime: formatTime(now),
    reason,
    message,
  };
  const current = findCondition(conditions, type);
  if (saysTheSame(current, condition)) return conditions;
  if (current === undefined) return [...withoutCondition(conditions, type), condition];
  return conditions.map((each) => (each.type === type ? condition : each));
}

/** `pods: the server is away`: one line of an error that is shown to users. */
export function errorLine(type: ResourceType, error: unknown): string {
  return `${groupResource(type)}: ${error instanceof Error ? error.message : String(error)}`;
}
