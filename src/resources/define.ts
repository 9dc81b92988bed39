import type { Fields } from '../machinery/apply/fields.ts';
import type { FieldError } from '../machinery/field-error.ts';
import type { Draft, KubeObject } from '../machinery/object.ts';
import { groupResource, type ResourceType } from '../machinery/resource-type.ts';
import type { StructSchema } from '../machinery/schema/schema.ts';
import type {
  Cell,
  Column,
  DeletionStage,
  ResourceDefinition,
  ScaleSubresource,
  StatusSubresource,
  StorageOptions,
  WriteContext,
} from './definition.ts';
import type { ResourceFact } from './resource-fact.ts';
import { resourceFacts } from './schema/resource-facts.generated.ts';
import { builtInSchemas } from './schema/schema-table.ts';

/** What is particular to a built-in kind; all the rest of its definition follows from the facts. */
export interface Particulars<T extends KubeObject> {
  /** Absent: the kind is answered and never stored. */
  readonly storage?: StorageOptions<T>;
  setDefaults?(object: Draft<T>): void;
  validateName(name: string, prefix: boolean): readonly string[];
  prepareForCreate?(object: Draft<T>, context: WriteContext): void;
  prepareForUpdate?(object: Draft<T>, old: T, context: WriteContext): void;
  /** Appends what is wrong to `errors`. */
  validate?(object: T, errors: FieldError[]): void;
  /** Absent: the rules for create hold for updates too, and no field is immutable. */
  validateUpdate?(object: T, old: T, errors: FieldError[]): void;
  warnings?(object: T, old: T | undefined): readonly string[];
  readonly deprecationWarning?: string;
  changesGeneration?(object: T, old: T): boolean;
  readonly bornWithoutGeneration?: boolean;
  /** Absent: true. */
  readonly unconditionalUpdate?: boolean;
  /** Absent: false. */
  readonly createOnUpdate?: boolean;
  readonly status?: StatusRules<T>;
  /** Further views of the object beside status, by the name of their subresource. */
  readonly views?: Readonly<Record<string, StatusRules<T>>>;
  readonly deletion?: DeletionStage<T>;
  readonly returnsDeletedObject?: boolean;
  readonly metadataLast?: boolean;
  readonly metadataAsNew?: boolean;
  readonly anyFinalizer?: boolean;
  readonly keeps?: Fields;
  readonly fieldAnnotation?: string;
  readonly propagationWarning?: string;
  readonly scale?: ScaleSubresource<T>;
  gracePeriodSeconds?(object: T, requested: number | undefined): number;
  /** Absent: Background. */
  readonly defaultPropagation?: 'Background' | 'Orphan';
  /** Field labels whose value is not simply what stands at that path. */
  readonly fields?: Readonly<Record<string, (object: T) => string>>;
  /** In which order the rows of a list come, those that are equal by name. Absent: all by name. */
  rowOrder?(one: T, other: T): number;
  /** Absent: the kind is never shown in a table. */
  row?(object: T, now: number): readonly Cell[];
}

/** How one subresource that is a view of the object (status, finalize) may change it. */
export interface StatusRules<T extends KubeObject> {
  prepareForUpdate(object: Draft<T>, old: T, context: WriteContext): void;
  /** Appends what is wrong to `errors`. Absent: every status goes. */
  validateUpdate?(object: T, old: T, errors: FieldError[], context: WriteContext): void;
  warnings?(object: T, old: T): readonly string[];
  readonly keeps?: Fields;
}

/** A built-in kind: names, verbs, columns, field labels and schema from the facts, everything else from `particulars`. */
export function define<T extends KubeObject>(
  type: ResourceType<T>,
  particulars: Particulars<T>,
): ResourceDefinition<T> {
  const fact = factOf(type);
  const { setDefaults, validate, validateUpdate, status, views } = particulars;
  return {
    type,
    names: {
      singular: fact.singular,
      listKind: `${fact.kind}List`,
      shortNames: fact.shortNames,
      categories: fact.categories,
    },
    schema: schemaOf(fact),
    verbs: fact.verbs,
    ...optional(particulars),
    setDefaults: setDefaults ?? (() => undefined),
    validateName: particulars.validateName,
    validate: (object) => collect((errors) => validate?.(object, errors)),
    validateUpdate: (object, old) =>
      collect((errors) => (validateUpdate ? validateUpdate(object, old, errors) : validate?.(object, errors))),
    unconditionalUpdate: particulars.unconditionalUpdate ?? true,
    createOnUpdate: particulars.createOnUpdate ?? false,
    ...(status !== undefined && { status: viewOf(status) }),
    ...(views !== undefined && {
      views: Object.fromEntries(Object.entries(views).map(([name, rules]) => [name, viewOf(rules)])),
    }),
    defaultPropagation: particulars.defaultPropagation ?? 'Background',
    selectableFields: selectableFields(fact, particulars.fields ?? {}),
    columns: columnsOf(fact),
    row: particulars.row ?? ((object) => [object.metadata.name ?? '']),
  };
}

function optional<T extends KubeObject>(particulars: Particulars<T>): Partial<ResourceDefinition<T>> {
  const { storage, prepareForCreate, prepareForUpdate, warnings, changesGeneration } = particulars;
  const { bornWithoutGeneration, scale, gracePeriodSeconds, deletion, returnsDeletedObject, deprecationWarning } =
    particulars;
  const { metadataLast, metadataAsNew, anyFinalizer, propagationWarning, keeps, fieldAnnotation, rowOrder } =
    particulars;
  return {
    ...(storage !== undefined && { storage }),
    ...(prepareForCreate !== undefined && { prepareForCreate }),
    ...(prepareForUpdate !== undefined && { prepareForUpdate }),
    ...(warnings !== undefined && { warnings }),
    ...(deprecationWarning !== undefined && { deprecationWarning }),
    ...(changesGeneration !== undefined && { changesGeneration }),
    ...(bornWithoutGeneration !== undefined && { bornWithoutGeneration }),
    ...(scale !== undefined && { scale }),
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(deletion !== undefined && { deletion }),
    ...(returnsDeletedObject !== undefined && { returnsDeletedObject }),
    ...(metadataLast !== undefined && { metadataLast }),
    ...(metadataAsNew !== undefined && { metadataAsNew }),
    ...(anyFinalizer !== undefined && { anyFinalizer }),
    ...(keeps !== undefined && { keeps }),
    ...(fieldAnnotation !== undefined && { fieldAnnotation }),
    ...(rowOrder !== undefined && { rowOrder }),
    ...(propagationWarning !== undefined && { propagationWarning }),
  };
}

function viewOf<T extends KubeObject>(rules: StatusRules<T>): StatusSubresource<T> {
  return {
    prepareForUpdate: rules.prepareForUpdate,
    ...(rules.keeps !== undefined && { keeps: rules.keeps }),
    ...(rules.warnings !== undefined && { warnings: rules.warnings }),
    validateUpdate: (object, old, context) => collect((errors) => rules.validateUpdate?.(object, old, errors, context)),
  };
}

const noErrors: readonly FieldError[] = [];

function collect(rules: (errors: FieldError[]) => void): readonly FieldError[] {
  const errors: FieldError[] = [];
  rules(errors);
  return errors.length === 0 ? noErrors : errors;
}

function factOf(type: ResourceType): ResourceFact {
  const found = resourceFacts.find(
    (fact) => fact.group === type.group && fact.version === type.version && fact.resource === type.resource,
  );
  if (found === undefined) throw new Error(`no facts about ${groupResource(type)} ${type.version}`);
  return found;
}

function schemaOf(fact: ResourceFact): StructSchema {
  const schema = builtInSchemas.get(fact.typeName);
  if (schema === undefined) throw new Error(`no schema for ${fact.typeName}`);
  return schema;
}

function columnsOf(fact: ResourceFact): readonly Column[] {
  return fact.columns.map(([name, type, format, priority]) => ({
    name,
    type: type as Column['type'],
    format,
    description: '',
    priority,
  }));
}

function selectableFields<T extends KubeObject>(
  fact: ResourceFact,
  particular: Readonly<Record<string, (object: T) => string>>,
): Readonly<Record<string, (object: T) => string>> {
  const fields: Record<string, (object: T) => string> = {};
  for (const label of fact.fieldLabels)
    if (label !== 'metadata.name' && label !== 'metadata.namespace')
      fields[label] = particular[label] ?? readPath(label);
  return fields;
}

/** Reads what stands at `spec.nodeName`; the empty string when nothing does. */
function readPath(path: string): (object: KubeObject) => string {
  const names = path.split('.');
  return (object) => {
    let value: unknown = object;
    for (const name of names) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
    return value === undefined || value === null ? '' : String(value);
  };
}
