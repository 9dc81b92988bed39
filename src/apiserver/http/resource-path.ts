/** Where an object, a collection or a subresource is. */
export interface ResourceLocation {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** `/apis/apps/v1/namespaces/default/deployments/web/scale` */
export function resourcePath(where: ResourceLocation): string {
  let path = where.group === '' ? `/api/${where.version}` : `/apis/${where.group}/${where.version}`;
  if (where.namespace !== '') path += `/namespaces/${where.namespace}`;
  path += `/${where.resource}`;
  if (where.name !== '') path += `/${where.name}`;
  return where.subresource === '' ? path : `${path}/${where.subresource}`;
}
