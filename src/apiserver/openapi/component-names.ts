/** Where types of a group live in Kubernetes' names, for groups that are not in the common place. */
const packages: Readonly<Record<string, string>> = {
  meta: 'io.k8s.apimachinery.pkg.apis.meta',
  apiextensions: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  apiregistration: 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
};

/** The types that are written as one value, as components of their own. */
export const scalarComponents = {
  time: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
  microTime: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
  duration: 'io.k8s.apimachinery.pkg.apis.meta.v1.Duration',
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
} as const;

/** Free-form JSON that has a name. */
export const freeFormComponents: Readonly<Record<string, string>> = {
  'meta.v1.FieldsV1': 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  'runtime.RawExtension': 'io.k8s.apimachinery.pkg.runtime.RawExtension',
};

/** `core.v1.Pod` is `io.k8s.api.core.v1.Pod`; a name of another form (a CRD's) stays as it is. */
export function componentName(schemaName: string): string {
  const match = /^([a-z0-9]+)\.(v\d[a-z0-9]*)\.([A-Za-z0-9]+)$/.exec(schemaName);
  if (match === null) return schemaName;
  const [, group = '', version, type] = match;
  return `${packages[group] ?? `io.k8s.api.${group}`}.${version}.${type}`;
}

/** How documents point to a component. */
export function componentReference(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}
