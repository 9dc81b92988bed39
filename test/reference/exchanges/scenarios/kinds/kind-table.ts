/** What is asked about one resource. Objects are called `probe` and of the resource's kind: neither is said here. */
export interface KindTable {
  /** `group/version/resource`, the core group being empty. */
  readonly resource: string;
  /** The smallest object that is valid. */
  readonly smallest: Body;
  /** Merge patches of it that make it invalid, for creating. */
  readonly invalid: Readonly<Record<string, Body>>;
  /** Merge patches of the object that is there: what may change and what may not. */
  readonly patches?: Readonly<Record<string, Body>>;
  /** Written to its subresource `status`. */
  readonly status?: Body;
}

export type Body = Readonly<Record<string, unknown>>;
