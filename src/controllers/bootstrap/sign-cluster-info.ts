import { tokenEntry, tokenIdOfSecretName, tokenRemainingMs } from '../../resources/bootstrap/bootstrap-token.ts';
import { clusterInfoKubeconfig, isSignatureKey, signatureKey } from '../../resources/bootstrap/cluster-info.ts';
import type { Secret } from '../../resources/schema/core-v1.generated.ts';
import { detachedSignature } from '../../wire/pki/detached-signature.ts';

type Data = Readonly<Record<string, string>>;

/** The data of `cluster-info` with one signature for each token that may sign, and no other; undefined while there is nothing to sign. */
export function signedClusterInfo(data: Data, tokens: Iterable<Secret>, now: number): Data | undefined {
  const content = data[clusterInfoKubeconfig];
  if (content === undefined) return undefined;
  const signed = Object.fromEntries(Object.entries(data).filter(([key]) => !isSignatureKey(key)));
  for (const token of tokens) {
    const id = tokenIdOfSecretName(token.metadata.name ?? '');
    const secret = tokenEntry(token, 'token-secret');
    if (id === undefined || secret === '' || tokenEntry(token, 'token-id') !== id) continue;
    if (tokenRemainingMs(token, now) === 0 || tokenEntry(token, 'usage-bootstrap-signing') !== 'true') continue;
    signed[signatureKey(id)] = detachedSignature(content, id, secret);
  }
  return signed;
}
