import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, tooLong } from '../../machinery/field-errors.ts';
import { byteLength } from '../../machinery/go-text.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { pemBlocks } from '../../wire/pki/pem.ts';
import { define } from '../define.ts';
import type { ClusterTrustBundle } from '../schema/certificates-v1.generated.ts';
import { clusterTrustBundles } from '../schema/resource-types.generated.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { validateSignerName } from './signer-name.ts';

const mostBundleBytes = 1 << 20;

/** Certificates of authorities that pods trust (KEP-3257), of one signer or of nobody in particular. */
export const clusterTrustBundleDefinition = define<ClusterTrustBundle>(clusterTrustBundles, {
  storage: { keyPrefix: '/registry/clustertrustbundles/' },
  // A name with the prefix of a signer is looked at together with that.
  validateName: (name, prefix) => (name.includes(':') ? [] : nameIsDnsSubdomain(name, prefix)),
  validate(bundle, errors) {
    validateNames(bundle, errors);
    validateBundle(bundle.spec.trustBundle, errors);
  },
  validateUpdate(bundle, old, errors) {
    validateNames(bundle, errors);
    if (bundle.spec.trustBundle !== old.spec.trustBundle) validateBundle(bundle.spec.trustBundle, errors);
    validateImmutable(bundle.spec.signerName ?? '', old.spec.signerName ?? '', 'spec.signerName', errors);
  },
  unconditionalUpdate: false,
  row: ({ metadata, spec }) => [metadata.name ?? '', spec.signerName ?? ''],
});

/** The bundles of a signer are named after it: `example.com/signer` has `example.com:signer:NAME`. */
function validateNames({ metadata, spec }: ClusterTrustBundle, errors: FieldError[]): void {
  const { signerName = '' } = spec;
  const { name = '' } = metadata;
  const wrongName = (why: string) => errors.push(invalid('metadata.name', name, why));
  if (signerName === '') {
    if (name.includes(':')) wrongName('ClusterTrustBundle without signer name must not have ":" in its name');
    return;
  }
  const prefix = `${signerName.replaceAll('/', ':')}:`;
  if (!name.startsWith(prefix))
    wrongName(`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`);
  else for (const problem of nameIsDnsSubdomain(name.slice(prefix.length), false)) wrongName(problem);
  validateSignerName(signerName, 'spec.signerName', errors);
}

function validateBundle(pem: string, errors: FieldError[]): void {
  const path = 'spec.trustBundle';
  if (byteLength(pem) > mostBundleBytes) {
    errors.push(tooLong(path, mostBundleBytes));
    return;
  }
  const before = errors.length;
  const wrong = (why: string) => errors.push(invalid(path, '<value omitted>', why));
  const indices = new Map<string, number[]>();
  for (const [index, { label, hasHeaders, content }] of pemBlocks(pem).entries()) {
    if (label !== 'CERTIFICATE') wrong(`entry ${index} has bad block type: ${label}`);
    else if (hasHeaders) wrong(`entry ${index} has PEM block headers`);
    else {
      const isAuthority = authorityOf(content);
      if (isAuthority === undefined) wrong(`entry ${index} does not parse as X.509`);
      else if (!isAuthority) wrong(`entry ${index} does not have the CA bit set`);
      else {
        const key = Buffer.from(content).toString('base64');
        indices.set(key, [...(indices.get(key) ?? []), index]);
      }
    }
  }
  if (errors.length > before) return;
  if (indices.size === 0) wrong('at least one trust anchor must be provided');
  for (const same of indices.values())
    if (same.length > 1) wrong(`duplicate trust anchor (indices [${same.join(' ')}])`);
}

/** Undefined: it is no certificate. */
function authorityOf(content: Uint8Array): boolean | undefined {
  try {
    return parseCertificate(content).isAuthority;
  } catch {
    return undefined;
  }
}
