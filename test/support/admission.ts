import type { AdmissionAttributes, AdmissionPlugin } from '../../src/apiserver/admission/plugin.ts';
import type { UserInfo } from '../../src/apiserver/request.ts';
import { type Draft, draft, type KubeObject } from '../../src/machinery/object.ts';
import type { ResourceType } from '../../src/machinery/resource-type.ts';

export const administrator: UserInfo = { username: 'admin', groups: ['system:masters'], extra: {} };

/** One write, as admission sees it; the object is copied, so that constants stay as they are. */
export function attributes(
  operation: AdmissionAttributes['operation'],
  type: ResourceType,
  object: KubeObject | undefined,
  more: Partial<AdmissionAttributes> = {},
): AdmissionAttributes {
  const subject = object ?? more.old;
  return {
    operation,
    verb: operation.toLowerCase(),
    type,
    subresource: '',
    namespace: subject?.metadata.namespace ?? '',
    name: subject?.metadata.name ?? '',
    user: administrator,
    dryRun: false,
    object: object === undefined ? undefined : draft(object),
    old: undefined,
    warn() {},
    ...more,
  };
}

/** Runs the plugin as the server does: admit, then validate. Answers the object as it became. */
export async function admit<T extends KubeObject>(
  plugin: AdmissionPlugin,
  write: AdmissionAttributes,
): Promise<Draft<T>> {
  await plugin.admit?.(write);
  await plugin.validate?.(write);
  return write.object as Draft<T>;
}

/** `admitted`, or why not. */
export async function verdict(plugin: AdmissionPlugin, write: AdmissionAttributes): Promise<string> {
  try {
    await admit(plugin, write);
    return 'admitted';
  } catch (error) {
    return (error as Error).message;
  }
}
