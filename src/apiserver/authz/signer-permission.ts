import type { Authorizer, UserInfo } from '../request.ts';

/**
 * Whether a user may `approve`, `sign` or `attest` for a signer: by its name, or by all names of its domain (`kubernetes.io/*`). Signers are no
 * objects; they exist in rules alone.
 */
export function maySign(
  authorizer: Authorizer,
  user: UserInfo,
  verb: 'approve' | 'sign' | 'attest',
  signerName: string,
): boolean {
  const [domain = ''] = signerName.split('/');
  return [signerName, `${domain}/*`].some((name) => {
    const { decision } = authorizer.authorize(user, {
      isResource: true,
      path: '',
      verb,
      group: 'certificates.k8s.io',
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      fieldSelector: '',
      labelSelector: '',
    });
    return decision === 'allow';
  });
}
