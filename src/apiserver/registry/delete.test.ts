import { expect, test } from 'vitest';
import type { KubeObject } from '../../machinery/object.ts';
import { builtInDefinitions } from '../../resources/built-in.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import { deletionStep } from './delete.ts';
import type { DeleteSettings } from './delete-settings.ts';

const nowMs = Date.UTC(2026, 0, 1);
const earlier = '2025-12-31T23:59:00Z';

function definitionOf(kind: string): ResourceDefinition {
  const found = builtInDefinitions.find((definition) => definition.type.kind === kind);
  if (found === undefined) throw new Error(`no definition of ${kind}`);
  return found;
}

function pod(metadata: KubeObject['metadata'] = {}, spec: object = {}, status: object = {}): KubeObject {
  const pod = {
    metadata: { name: 'p', namespace: 'n', generation: 1, ...metadata },
    spec: { nodeName: 'one', ...spec },
    status,
  };
  return pod as KubeObject;
}

/** `wait`, `remove`, or what the object is marked with. */
function outcome(definition: ResourceDefinition, object: KubeObject, settings: Partial<DeleteSettings> = {}): string {
  const step = deletionStep(definition, object, { dryRun: false, ...settings }, nowMs);
  if (step.type !== 'mark') return step.type;
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers, generation } = step.object.metadata;
  const parts = [`until ${deletionTimestamp?.slice(11, 19)}`];
  if (deletionGracePeriodSeconds !== undefined) parts.push(`grace ${deletionGracePeriodSeconds}`);
  if (finalizers !== undefined) parts.push(finalizers.join('+'));
  if (generation !== undefined) parts.push(`generation ${generation}`);
  return parts.join(', ') + (step.thenRemove ? ', then removed' : '');
}

test.each<[what: string, object: KubeObject, settings: Partial<DeleteSettings>, expected: string]>([
  ['a running pod', pod({}, { terminationGracePeriodSeconds: 30 }), {}, 'until 00:00:30, grace 30, generation 2'],
  ['a shorter grace', pod(), { gracePeriodSeconds: 5 }, 'until 00:00:05, grace 5, generation 2'],
  ['no grace', pod(), { gracePeriodSeconds: 0 }, 'until 00:00:00, grace 0, generation 2, then removed'],
  ['a negative grace', pod(), { gracePeriodSeconds: -5 }, 'until 00:00:01, grace 1, generation 2'],
  ['a pod on no node', pod({}, { nodeName: '' }), {}, 'until 00:00:00, grace 0, generation 2, then removed'],
  ['a pod that is done', pod({}, {}, { phase: 'Failed' }), {}, 'until 00:00:00, grace 0, generation 2, then removed'],
  [
    'no grace and a finalizer',
    pod({ finalizers: ['a/b'] }),
    { gracePeriodSeconds: 0 },
    'until 00:00:00, grace 0, a/b, generation 2',
  ],
  ['being deleted already', pod({ deletionTimestamp: earlier, deletionGracePeriodSeconds: 30 }), {}, 'wait'],
  [
    'a longer grace later',
    pod({ deletionTimestamp: earlier, deletionGracePeriodSeconds: 30 }),
    { gracePeriodSeconds: 60 },
    'wait',
  ],
  [
    'a shorter grace later',
    pod({ deletionTimestamp: earlier, deletionGracePeriodSeconds: 30 }),
    { gracePeriodSeconds: 10 },
    'until 23:58:40, grace 10, generation 1',
  ],
  [
    'no grace later',
    pod({ deletionTimestamp: earlier, deletionGracePeriodSeconds: 30 }),
    { gracePeriodSeconds: 0 },
    'until 23:58:30, grace 0, generation 1, then removed',
  ],
])('pods: %s', (_, object, settings, expected) => {
  expect(outcome(definitionOf('Pod'), object, settings)).toBe(expected);
});

const plain = (metadata: KubeObject['metadata'] = {}): KubeObject => ({
  metadata: { name: 'a', namespace: 'n', ...metadata },
});

test.each<[what: string, object: KubeObject, settings: Partial<DeleteSettings>, expected: string]>([
  ['nothing holds it', plain(), {}, 'remove'],
  ['a grace that the kind does not know', plain(), { gracePeriodSeconds: 30 }, 'remove'],
  ['a finalizer', plain({ finalizers: ['a/b'] }), {}, 'until 00:00:00, grace 0, a/b'],
  [
    'a finalizer and a generation',
    plain({ finalizers: ['a/b'], generation: 4 }),
    {},
    'until 00:00:00, grace 0, a/b, generation 5',
  ],
  ['foreground', plain(), { propagationPolicy: 'Foreground' }, 'until 00:00:00, grace 0, foregroundDeletion'],
  ['orphan', plain(), { propagationPolicy: 'Orphan' }, 'until 00:00:00, grace 0, orphan'],
  ['orphan, the old way', plain(), { orphanDependents: true }, 'until 00:00:00, grace 0, orphan'],
  [
    'a finalizer that says foreground',
    plain({ finalizers: ['foregroundDeletion'] }),
    {},
    'until 00:00:00, grace 0, foregroundDeletion',
  ],
  [
    'background overrides that',
    plain({ finalizers: ['foregroundDeletion'] }),
    { propagationPolicy: 'Background' },
    'remove',
  ],
  [
    'orphan instead of foreground',
    plain({ finalizers: ['a/b', 'foregroundDeletion'] }),
    { propagationPolicy: 'Orphan' },
    'until 00:00:00, grace 0, a/b+orphan',
  ],
  [
    'deleted again',
    plain({ finalizers: ['a/b'], deletionTimestamp: earlier, deletionGracePeriodSeconds: 0 }),
    {},
    'until 23:59:00, grace 0, a/b',
  ],
])('others: %s', (_, object, settings, expected) => {
  expect(outcome(definitionOf('ConfigMap'), object, settings)).toBe(expected);
});

test('events have no dependents', () => {
  expect(outcome(definitionOf('Event'), plain(), { propagationPolicy: 'Foreground' })).toBe('remove');
});

test('a namespace terminates first and is removed when nothing is pending', () => {
  const namespace = definitionOf('Namespace');
  const active = { metadata: { name: 'n' }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
  expect(outcome(namespace, active as KubeObject)).toBe('until 00:00:00');
  const terminating = { ...active, metadata: { name: 'n', deletionTimestamp: earlier } };
  expect(outcome(namespace, terminating as KubeObject)).toBe('wait');
  expect(outcome(namespace, { ...terminating, spec: {} } as KubeObject)).toBe('remove');
});
