import type { InformerOptions } from '../../client/informer.ts';
import { bootstrapTokenNamespace, bootstrapTokenType } from '../../resources/bootstrap/bootstrap-token.ts';
import type { Secret } from '../../resources/schema/core-v1.generated.ts';
import { withoutManagedFields } from '../runtime/projections.ts';

/** How controllers ask for bootstrap tokens: other Secrets are none of their business. */
export const tokenInformer: InformerOptions<Secret> = {
  namespace: bootstrapTokenNamespace,
  fieldSelector: `type=${bootstrapTokenType}`,
  projection: withoutManagedFields<Secret>,
};
