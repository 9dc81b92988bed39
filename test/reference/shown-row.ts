import type { KubeObject } from '../../src/machinery/object.ts';

/** How a real API server shows one object in a table. */
export interface ShownRow {
  readonly what: string;
  /** Of the collection. */
  readonly path: string;
  /** What is created. */
  readonly body: KubeObject;
  /** What its status then becomes, by way of the subresource. */
  readonly status?: object;
  /** Whether it is deleted first; a finalizer keeps it. */
  readonly deleted?: boolean;
  readonly answer?: {
    /** The object as it stood. */
    readonly object: KubeObject;
    /** When it was asked, RFC 3339. */
    readonly time: string;
    readonly cells: readonly unknown[];
  };
}
