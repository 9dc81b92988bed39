// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface StorageVersionMigration {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: StorageVersionMigrationSpec | undefined;
  readonly status?: StorageVersionMigrationStatus | undefined;
}

export interface StorageVersionMigrationSpec {
  readonly resource: metaV1.GroupResource;
}

export interface StorageVersionMigrationStatus {
  readonly conditions?: readonly metaV1.Condition[] | undefined;
  readonly resourceVersion?: string | undefined;
}

export type StorageVersionMigrationDraft = Draft<StorageVersionMigration>;
