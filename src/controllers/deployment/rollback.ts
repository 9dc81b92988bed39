import type { Deployment, ReplicaSet } from '../../resources/schema/apps-v1.generated.ts';
import { handedDown, revisionOf, rollbackAnnotation, sameTemplate, withoutHash } from './revisions.ts';

/** What became of the wish to go back to an earlier revision. */
export interface Rollback {
  /** With the template of that revision, where there is one, and without the wish. */
  readonly deployment: Deployment;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/**
 * The revision that a Deployment is to go back to, 0 for the one before the last; undefined where none is asked for. The annotation is what is
 * left of `rollbackTo` of API versions that are gone.
 */
export function rollbackRevision({ metadata }: Deployment): bigint | undefined {
  const text = metadata.annotations?.[rollbackAnnotation] ?? '';
  return /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}

/** Goes back to a revision, with the annotations that its ReplicaSet was given. `all`: the ReplicaSets of the Deployment. */
export function rollBack(deployment: Deployment, all: readonly ReplicaSet[], revision: bigint): Rollback {
  const wish = revision === 0n ? lastRevision(all) : revision;
  if (wish === undefined) return notFound(deployment, 'Unable to find last revision.');
  const target = all.find((each) => revisionOf(each) === wish);
  if (target === undefined) return notFound(deployment, 'Unable to find the revision to rollback to.');
  const name = JSON.stringify(deployment.metadata.name);
  const { template = {} } = target.spec;
  if (sameTemplate(template, deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment ${name}`;
    return {
      deployment: withoutWish(deployment),
      type: 'Warning',
      reason: 'DeploymentRollbackTemplateUnchanged',
      message,
    };
  }
  const { metadata, spec } = withoutWish(deployment);
  const own = Object.entries(metadata.annotations ?? {}).filter(([key]) => !(key in handedDown(deployment)));
  const annotations = { ...Object.fromEntries(own), ...handedDown(target) };
  return {
    deployment: {
      ...deployment,
      metadata: { ...metadata, annotations },
      spec: { ...spec, template: withoutHash(template) },
    },
    type: 'Normal',
    reason: 'DeploymentRollback',
    message: `Rolled back deployment ${name} to revision ${wish}`,
  };
}

/** The greatest revision but one. */
function lastRevision(all: readonly ReplicaSet[]): bigint | undefined {
  const [, last = 0n] = all.map(revisionOf).sort((a, b) => Number(b > a) - Number(b < a));
  return last === 0n ? undefined : last;
}

function notFound(deployment: Deployment, message: string): Rollback {
  return {
    deployment: withoutWish(deployment),
    type: 'Warning',
    reason: 'DeploymentRollbackRevisionNotFound',
    message,
  };
}

function withoutWish(deployment: Deployment): Deployment {
  const { [rollbackAnnotation]: _, ...annotations } = deployment.metadata.annotations ?? {};
  return { ...deployment, metadata: { ...deployment.metadata, annotations } };
}
