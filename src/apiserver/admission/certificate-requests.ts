import { quote } from '../../machinery/go-text.ts';
import { groupResource } from '../../machinery/resource-type.ts';
import { certificateRequestOf } from '../../resources/certificates/request-text.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { maySign } from '../authz/signer-permission.ts';
import type { Authorizer } from '../request.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { sameValue } from './same-value.ts';

const resource = 'certificatesigningrequests.certificates.k8s.io';
const apiServerClientSigner = 'kubernetes.io/kube-apiserver-client';

/** Who approves or denies a request must be permitted to for its signer. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    validate(attributes) {
      if (!isUpdateOf(attributes, 'approval')) return;
      // The old object, in case the new one names another signer.
      const { signerName } = (attributes.old as CertificateSigningRequest).spec;
      if (maySign(authorizer, attributes.user, 'approve', signerName)) return;
      throw admissionForbidden(
        attributes,
        `user not permitted to approve requests with signerName ${quote(signerName)}`,
      );
    },
  };
}

/** Who issues a certificate, or says that it cannot be, must be permitted to sign for the signer. */
export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    validate(attributes) {
      if (!isUpdateOf(attributes, 'status')) return;
      const old = attributes.old as CertificateSigningRequest;
      const { status } = attributes.object as CertificateSigningRequest;
      const isSame =
        (old.status?.certificate ?? '') === (status?.certificate ?? '') &&
        sameValue(old.status?.conditions ?? [], status?.conditions ?? []);
      if (isSame || maySign(authorizer, attributes.user, 'sign', old.spec.signerName)) return;
      throw admissionForbidden(
        attributes,
        `user not permitted to sign requests with signerName ${quote(old.spec.signerName)}`,
      );
    },
  };
}

/** Nobody becomes an administrator by a certificate request. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  validate(attributes) {
    const { operation, type, subresource } = attributes;
    if (operation !== 'CREATE' || groupResource(type) !== resource || subresource !== '') return;
    const request = attributes.object as CertificateSigningRequest;
    if (request.spec.signerName !== apiServerClientSigner) return;
    const { organizations } = certificateRequestOf(request).subject;
    if (!organizations.includes('system:masters')) return;
    throw admissionForbidden(
      attributes,
      `use of ${apiServerClientSigner} signer with system:masters group is not allowed`,
    );
  },
};

function isUpdateOf({ operation, type, subresource }: AdmissionAttributes, wanted: string): boolean {
  return operation === 'UPDATE' && groupResource(type) === resource && subresource === wanted;
}
