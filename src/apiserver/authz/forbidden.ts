import { groupResource } from '../../machinery/resource-type.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { RequestInfo, UserInfo } from '../request.ts';

/** The refusal of a whole request by the authorisers, as Kubernetes words it; `reason` is what they gave, or empty. */
export function forbidden(user: UserInfo, info: RequestInfo, reason: string): StatusError {
  const cannot = sanitize(`User ${JSON.stringify(user.username)} cannot ${operation(info)}`);
  const cause = reason === '' ? cannot : `${cannot}: ${reason}`;
  if (!info.isResource)
    return new StatusError({ message: `forbidden: ${cause}`, reason: 'Forbidden', details: {}, code: 403 });
  const subject = groupResource(info) + (info.name === '' ? '' : ` ${JSON.stringify(info.name)}`);
  return new StatusError({
    message: `${subject} is forbidden: ${cause}`,
    reason: 'Forbidden',
    details: {
      ...(info.name !== '' && { name: info.name }),
      ...(info.group !== '' && { group: info.group }),
      kind: info.resource,
    },
    code: 403,
  });
}

function operation(info: RequestInfo): string {
  if (!info.isResource) return `${info.verb} path ${JSON.stringify(info.path)}`;
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  const scope = info.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(info.namespace)}`;
  return `${info.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(info.group)} ${scope}`;
}

/** Names come from the path, and a browser may render the answer: no character that could begin a tag is echoed. */
function sanitize(message: string): string {
  return message.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
