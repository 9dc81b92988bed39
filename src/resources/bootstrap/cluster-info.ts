/** The ConfigMap by which a machine that has a token learns, from an address alone, whom it may trust. */
export const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' } as const;
/** The entry with a kubeconfig of clusters and no users. */
export const clusterInfoKubeconfig = 'kubeconfig';

const signaturePrefix = 'jws-kubeconfig-';

/** The entry with the signature by one token. */
export function signatureKey(tokenId: string): string {
  return `${signaturePrefix}${tokenId}`;
}

export function isSignatureKey(key: string): boolean {
  return key.startsWith(signaturePrefix);
}
