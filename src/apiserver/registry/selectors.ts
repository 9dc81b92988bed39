import { type FieldSelector, parseFieldSelector } from '../../machinery/field-selector.ts';
import { quote } from '../../machinery/go-text.ts';
import type { LabelSelector } from '../../machinery/label-selector.ts';
import { parseLabelSelector } from '../../machinery/label-selector-parser.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { apiVersionOf } from '../../machinery/resource-type.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { IndexedField, WatchFilter } from '../watch/watch-filter.ts';
import type { ObjectView } from './object-view.ts';
import type { StoredObject } from './stored-object.ts';

export interface Selection {
  readonly filter: WatchFilter;
  /** Not all objects in scope are wanted, so how many remain is not known without looking at them. */
  readonly selective: boolean;
}

/** Compiles the selectors of a list or watch. Throws BadRequest for those that cannot be read and for labels that the kind does not know. */
export function compileSelection(
  definition: ResourceDefinition,
  view: ObjectView,
  scope: {
    readonly namespace: string;
    readonly name: string;
    readonly labelSelector: string;
    readonly fieldSelector: string;
  },
): Selection {
  const labels = scope.labelSelector === '' ? undefined : parseLabelSelector(scope.labelSelector);
  const fields = scope.fieldSelector === '' ? undefined : parseFieldSelector(scope.fieldSelector);
  for (const { field } of fields?.requirements ?? []) checkLabel(definition, field);
  const exactName = fields?.exactValue('metadata.name');
  const exactNamespace = fields?.exactValue('metadata.namespace');
  const namespace = scope.namespace === '' ? (exactNamespace ?? '') : scope.namespace;
  const name = scope.name === '' ? (exactName ?? '') : scope.name;
  const hasLabels = labels !== undefined && !labels.everything;
  const hasFields = fields !== undefined && !fields.everything;
  if (!hasLabels && !hasFields) return { filter: { namespace, name }, selective: name !== '' };
  const field = hasFields ? indexedField(definition, view, fields) : undefined;
  const matches = (object: StoredObject): boolean =>
    selected(definition, view.of(object).object, hasLabels ? labels : undefined, hasFields ? fields : undefined);
  return { filter: { namespace, name, matches, ...(field !== undefined && { field }) }, selective: true };
}

function selected(
  definition: ResourceDefinition,
  object: KubeObject,
  labels: LabelSelector | undefined,
  fields: FieldSelector | undefined,
): boolean {
  if (labels !== undefined && !labels.matches(object.metadata.labels)) return false;
  return fields === undefined || fields.matches((field) => readField(definition, object, field));
}

function readField(definition: ResourceDefinition, object: KubeObject, label: string): string {
  if (label === 'metadata.name') return object.metadata.name ?? '';
  if (label === 'metadata.namespace') return object.metadata.namespace ?? '';
  return definition.selectableFields[label]?.(object) ?? '';
}

/** Kinds with fields of their own word their refusal in another way than those that only know the common two. */
function checkLabel(definition: ResourceDefinition, label: string): void {
  const onlyCommon = Object.keys(definition.selectableFields).length === 0;
  if (label === 'metadata.name' || (label === 'metadata.namespace' && (onlyCommon || definition.type.namespaced)))
    return;
  if (Object.hasOwn(definition.selectableFields, label)) return;
  throw badRequest(
    onlyCommon
      ? `${quote(label)} is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${label}`,
  );
}

/** The first field that must have one value: watchers with it are found by that value. */
function indexedField(
  definition: ResourceDefinition,
  view: ObjectView,
  fields: FieldSelector,
): IndexedField | undefined {
  const requirement = fields.requirements.find(
    ({ operator, field }) => operator === '=' && Object.hasOwn(definition.selectableFields, field),
  );
  if (requirement === undefined) return undefined;
  return {
    label: `${apiVersionOf(definition.type)} ${requirement.field}`,
    value: requirement.value,
    read: (object) => readField(definition, view.of(object).object, requirement.field),
  };
}
