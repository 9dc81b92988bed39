/** A StorageClass with one of these set to `true` is the default; the second is the older spelling. */
export const defaultClassAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
] as const;
