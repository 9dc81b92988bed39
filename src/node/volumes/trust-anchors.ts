import { quote } from '../../machinery/go-text.ts';
import { compileLabelSelector } from '../../machinery/label-selector.ts';
import type { ClusterTrustBundle } from '../../resources/schema/certificates-v1.generated.ts';
import type { ClusterTrustBundleProjection } from '../../resources/schema/core-v1.generated.ts';
import { parsePem, toPem } from '../../wire/pki/pem.ts';

/**
 * The certificates that a projection asks for (KEP-3257), each once, in PEM without text around, in an order that says nothing. Throws
 * an `Error` in the kubelet's words when there are none and that is not optional.
 */
export function trustAnchors(
  { name, signerName, labelSelector, optional }: ClusterTrustBundleProjection,
  bundles: readonly ClusterTrustBundle[],
): string {
  if (name !== undefined) {
    const named = bundles.find(({ metadata }) => metadata.name === name);
    if (named !== undefined) return pemOf([named]);
    if (optional === true) return '';
    const missing = `clustertrustbundle.certificates.k8s.io ${quote(name)} not found`;
    throw new Error(`while getting ClusterTrustBundle: ${missing}`);
  }
  if (signerName === undefined)
    throw new Error('ClusterTrustBundle projection requires either name or signerName to be set');
  // No selector at all selects nothing.
  const selector = compileLabelSelector(labelSelector ?? null);
  const found = bundles.filter(
    ({ metadata, spec }) => spec.signerName === signerName && selector.matches(metadata.labels),
  );
  if (found.length > 0 || optional === true) return pemOf(found);
  throw new Error('combination of signerName and labelSelector matched zero ClusterTrustBundles');
}

function pemOf(bundles: readonly ClusterTrustBundle[]): string {
  const blocks = bundles.flatMap(({ spec }) => parsePem(spec.trustBundle, 'CERTIFICATE'));
  const each = new Set(blocks.map((content) => toPem('CERTIFICATE', content)));
  return [...each].sort().join('');
}
