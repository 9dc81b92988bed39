/** What discovery, Table and field selectors say of a resource of Kubernetes 1.37; a row of the generated facts. */
export interface ResourceFact {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  /** In the schema table: `core.v1.Pod`. */
  readonly typeName: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly SubresourceFact[];
  /** Name, type, format, priority. */
  readonly columns: readonly (readonly [string, string, string, number])[];
  readonly fieldLabels: readonly string[];
}

export interface SubresourceFact {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
