import { quote } from '../../machinery/go-text.ts';
import type { ClusterTrustBundle } from '../../resources/schema/certificates-v1.generated.ts';
import { clusterTrustBundles } from '../../resources/schema/resource-types.generated.ts';
import { maySign } from '../authz/signer-permission.ts';
import type { Authorizer } from '../request.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { sameValue } from './same-value.ts';

/** Who says which certificates a signer has must be permitted to attest for it. */
export function clusterTrustBundleAttest(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'ClusterTrustBundleAttest',
    validate(attributes) {
      const { operation, user } = attributes;
      if (!appliesTo(attributes, clusterTrustBundles) || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
      const bundle = attributes.object as ClusterTrustBundle;
      const { signerName = '' } = bundle.spec;
      if (signerName === '' || isSame(bundle, attributes.old as ClusterTrustBundle | undefined)) return;
      if (maySign(authorizer, user, 'attest', signerName)) return;
      throw admissionForbidden(attributes, `user not permitted to attest for signerName ${quote(signerName)}`);
    },
  };
}

/** What garbage collection changes says nothing of certificates. */
function isSame(bundle: ClusterTrustBundle, old: ClusterTrustBundle | undefined): boolean {
  if (old === undefined) return false;
  const said = ({ metadata, spec }: ClusterTrustBundle) => [metadata.labels, metadata.annotations, spec];
  return sameValue(said(bundle), said(old));
}
