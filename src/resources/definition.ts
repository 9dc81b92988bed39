import type { Fields } from '../machinery/apply/fields.ts';
import type { FieldError } from '../machinery/field-error.ts';
import type { Draft, KubeObject } from '../machinery/object.ts';
import type { ResourceType } from '../machinery/resource-type.ts';
import type { StructSchema } from '../machinery/schema/schema.ts';

/**
 * Everything the API server needs to know about one kind. Built-in kinds are literals of this in a file of their own;
 * a CRD turns into one at run time; both come through the same live `install / replace / remove`. The functions are pure:
 * validation returns field errors, nothing throws.
 */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>;
  readonly names: ResourceNames;
  readonly schema: StructSchema;
  readonly verbs: readonly string[];
  /** Absent for kinds that are answered and never stored (reviews, Binding). */
  readonly storage?: StorageOptions<T>;
  /** Fills in what the user left out, also for objects read from older storage. Idempotent. */
  setDefaults(object: Draft<T>): void;
  /** Which names are allowed: answers messages, none when the name is good. `prefix`: it is a generateName. */
  validateName(name: string, prefix: boolean): readonly string[];
  /** The metadata of an update has to keep the rules for that of a new object, too. */
  readonly metadataAsNew?: boolean;
  /** Finalizers need no domain. */
  readonly anyFinalizer?: boolean;
  /** Clears what a user may not set when creating (status), sets what the server decides. */
  prepareForCreate?(object: Draft<T>, context: WriteContext): void;
  /** The same for an update: keeps status and whatever else a user may not change this way. */
  prepareForUpdate?(object: Draft<T>, old: T, context: WriteContext): void;
  /** Rules beyond structure, for create; metadata is checked by the registry. */
  validate(object: T): readonly FieldError[];
  /** A new object's own rules come first, and its metadata is looked at only when it keeps them. Absent: all errors are told, those of metadata first. */
  readonly metadataLast?: boolean;
  /** Rules for an update, immutable fields among them; the rules of `validate` are the definition's to call. */
  validateUpdate(object: T, old: T): readonly FieldError[];
  /** What a write to the object itself leaves as it is, and so takes from nobody. Absent: its status. */
  readonly keeps?: Fields;
  /** Lines for the `Warning` header. */
  warnings?(object: T, old: T | undefined): readonly string[];
  /** An annotation that stands for a field of Kubernetes' internal type: it is not there where only metadata is shown. */
  readonly fieldAnnotation?: string;
  /** A line for the `Warning` header of every request for this version of the kind. */
  readonly deprecationWarning?: string;
  /** Whether this update counts as a change of desired state, which increments `metadata.generation`. Absent: the kind has no generation. */
  changesGeneration?(object: T, old: T): boolean;
  /** Whether the first generation is the one after the first change: a new object has none. Absent: it has generation 1. */
  readonly bornWithoutGeneration?: boolean;
  /** `allowUnconditionalUpdate`: an update may come without resourceVersion. */
  readonly unconditionalUpdate: boolean;
  /** PUT creates what does not exist. */
  readonly createOnUpdate: boolean;
  readonly status?: StatusSubresource<T>;
  readonly scale?: ScaleSubresource<T>;
  /**
   * Further views of the object that take GET, PUT and PATCH like `status` does, by name: `finalize` of namespaces, `approval`
   * of certificate signing requests, `ephemeralcontainers` and `resize` of pods.
   */
  readonly views?: Readonly<Record<string, StatusSubresource<T>>>;
  /**
   * Graceful deletion (pods): how many seconds the object stays with a deletion timestamp before it is removed.
   * Absent, or 0: it is removed at once (finalizers aside).
   */
  gracePeriodSeconds?(object: T, requested: number | undefined): number;
  /** Kinds whose deletion has a second stage of its own, beside finalizers and grace periods (namespaces). */
  readonly deletion?: DeletionStage<T>;
  /** A delete answers with the object as it was, not with a Status. */
  readonly returnsDeletedObject?: boolean;
  /** A line for the `Warning` header of every delete that does not say what becomes of dependents. */
  readonly propagationWarning?: string;
  /** What becomes of dependents when the client does not say. */
  readonly defaultPropagation: 'Background' | 'Orphan';
  /** Labels that `fieldSelector` accepts, each with how to read it; metadata.name and metadata.namespace are always there. */
  readonly selectableFields: Readonly<Record<string, (object: T) => string>>;
  readonly columns: readonly Column[];
  /** In which order the rows of a list come, those that are equal by name. Absent: all by name. */
  rowOrder?(one: T, other: T): number;
  /** One cell per column; `now` is milliseconds since 1970, for ages. */
  row(object: T, now: number): readonly Cell[];
}

export interface ResourceNames {
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

export interface StorageOptions<T extends KubeObject> {
  /** `/registry/pods/`: as etcd holds it, with namespace and name behind it. */
  readonly keyPrefix: string;
  /** Objects vanish after this (events). */
  readonly timeToLiveSeconds?: number;
  /** For a second version or group of a kind that is stored in another form (events.k8s.io). */
  readonly conversion?: {
    readonly storedAs: ResourceType;
    toStorage(object: T): KubeObject;
    fromStorage(object: KubeObject): T;
  };
}

export interface StatusSubresource<T extends KubeObject> {
  /** Keeps everything but status (and what else this kind lets status writers change). */
  prepareForUpdate(object: Draft<T>, old: T, context: WriteContext): void;
  validateUpdate(object: T, old: T, context: WriteContext): readonly FieldError[];
  /** Lines for the `Warning` header. */
  warnings?(object: T, old: T): readonly string[];
  /** What such a write leaves as it is, and so takes from nobody: of `status` beside the spec, of a further view in place of the status. */
  readonly keeps?: Fields;
}

/** A namespace stays, terminating, until its `spec.finalizers` are empty. */
export interface DeletionStage<T extends KubeObject> {
  /** What the first delete changes beside setting the deletion timestamp. */
  begin(object: Draft<T>): void;
  /** While true, neither a delete nor the end of its finalizers removes the object. */
  pending(object: T): boolean;
}

/** The parts of an object that `scale` shows and changes. */
export interface ScaleSubresource<T extends KubeObject> {
  replicas(object: T): number;
  setReplicas(object: Draft<T>, replicas: number): void;
  statusReplicas(object: T): number;
  /** The selector in string form. */
  selector(object: T): string;
}

export interface WriteContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** A new uid. */
  newId(): string;
  readonly user: Writer;
}

/** Who writes. */
export interface Writer {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, more only with `-o wide`. */
  readonly priority: number;
}

export type Cell = string | number | boolean | null;
