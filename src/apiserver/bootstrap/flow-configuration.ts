import type { Reader, Writer } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { Rounds } from '../../machinery/environment/rounds.ts';
import type { Logger } from '../../machinery/log.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '../../resources/flowcontrol/mandatory-objects.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../resources/schema/flowcontrol-v1.generated.ts';
import { flowSchemas, priorityLevelConfigurations } from '../../resources/schema/resource-types.generated.ts';
import { type BootstrapObjects, bootstrapObjects } from './bootstrap-objects.ts';
import { ensureObjects, type Repair } from './ensure-objects.ts';

export const flowFieldManager = 'api-priority-and-fairness-config-producer-v1';
/** What every cluster has of it. */
type FlowConfiguration = Pick<BootstrapObjects, 'priorityLevels' | 'flowSchemas'>;

/** Says whether the specification is this server's to write. */
const autoUpdate = 'apf.kubernetes.io/autoupdate-spec';
const intervalMs = 60_000;

/**
 * Makes sure of what flow control is told in every cluster. What is missing comes back; the mandatory objects keep their
 * specification, the others for as long as nobody has made theirs of it. What was this server's once and is no more goes.
 */
export async function ensureFlowConfiguration(
  client: Reader & Writer,
  { priorityLevels, flowSchemas: schemas }: FlowConfiguration,
  signal?: AbortSignal,
): Promise<void> {
  await Promise.all([
    ensure(client, priorityLevelConfigurations, priorityLevels, repairOfLevel, signal),
    ensure(client, flowSchemas, schemas, repairOfSchema, signal),
  ]);
}

async function ensure<T extends FlowSchema | PriorityLevelConfiguration>(
  client: Reader & Writer,
  type: ResourceType<T>,
  wanted: readonly T[],
  repair: (existing: T, expected: T) => Repair<T>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const existing = await ensureObjects(client, type, wanted, repair, { fieldManager: flowFieldManager, signal });
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const { metadata } of existing) {
    if (names.has(metadata.name) || saysAutoUpdate(metadata) !== true) continue;
    try {
      await client.delete(type, { name: metadata.name ?? '' }, { preconditions: { uid: metadata.uid }, signal });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }
}

function repairOfSchema(existing: FlowSchema, expected: FlowSchema): Repair<FlowSchema> {
  return repairOf(existing, expected, Object.hasOwn(mandatoryFlowSchemas, expected.metadata.name ?? ''));
}

/** What the exempt level lends and borrows is the administrator's. */
function repairOfLevel(
  existing: PriorityLevelConfiguration,
  expected: PriorityLevelConfiguration,
): Repair<PriorityLevelConfiguration> {
  const { name = '' } = expected.metadata;
  const { exempt } = existing.spec;
  const wanted =
    name === 'exempt' && exempt !== undefined ? { ...expected, spec: { ...expected.spec, exempt } } : expected;
  return repairOf(existing, wanted, Object.hasOwn(mandatoryPriorityLevels, name));
}

function repairOf<T extends KubeObject & { readonly spec: unknown }>(
  existing: T,
  expected: T,
  mandatory: boolean,
): Repair<T> {
  const { metadata } = existing;
  const said = saysAutoUpdate(metadata);
  // Where nothing is said, one that nobody has changed since it was made is this server's.
  const isOurs = mandatory || (said ?? metadata.generation === 1);
  const spec = isOurs ? expected.spec : existing.spec;
  if (said === isOurs && equal(existing.spec, spec)) return undefined;
  const annotations = { ...metadata.annotations, [autoUpdate]: String(isOurs) };
  return { action: 'update', object: { ...existing, metadata: { ...metadata, annotations }, spec } };
}

/** Undefined: it does not say, or not in a way that can be read. */
function saysAutoUpdate({ annotations }: KubeObject['metadata']): boolean | undefined {
  const said = annotations?.[autoUpdate] ?? '';
  if (/^(1|t|T|true|TRUE|True)$/.test(said)) return true;
  return /^(0|f|F|false|FALSE|False)$/.test(said) ? false : undefined;
}

export interface FlowConfigurationOptions {
  readonly client: Reader & Writer;
  readonly environment: Environment;
  readonly logger: Logger;
}

/** Looks at it every minute. Answers how to stop that. */
export function keepFlowConfiguration({ client, environment, logger }: FlowConfigurationOptions): () => void {
  let wanted: FlowConfiguration | undefined;
  const rounds = new Rounds({
    environment,
    intervalMs,
    round() {
      // All that a cluster begins with is read for these few, which are kept for later rounds.
      if (wanted === undefined) {
        const { priorityLevels, flowSchemas } = bootstrapObjects();
        wanted = { priorityLevels, flowSchemas };
      }
      return ensureFlowConfiguration(client, wanted);
    },
    failed: (err) => logger.warn('could not ensure what flow control is told', { err }),
  });
  rounds.start();
  return () => rounds.stop();
}
