import type { ResourceContext } from '../../src/apiserver/registry/extension-points.ts';
import type { ResourceRequestInfo, UserInfo } from '../../src/apiserver/request.ts';

/** A request as handlers outside the ordinary verbs get it: by an administrator, unless told otherwise. */
export function resourceContext(
  info: Partial<ResourceRequestInfo>,
  user: UserInfo = { username: 'admin', groups: ['system:masters', 'system:authenticated'], extra: {} },
): ResourceContext & { readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  return {
    info: {
      isResource: true,
      path: '',
      verb: 'create',
      group: '',
      version: 'v1',
      resource: '',
      subresource: '',
      namespace: '',
      name: '',
      fieldSelector: '',
      labelSelector: '',
      ...info,
    },
    user,
    query: new URLSearchParams(),
    http: { method: 'POST', path: '/', headers: {} },
    remoteAddress: '127.0.0.1',
    signal: new AbortController().signal,
    warn: (message) => {
      warnings.push(message);
    },
    warnings,
  };
}
