import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, required, tooLong, tooLongCharacters } from '../../machinery/field-errors.ts';
import { byteLength } from '../../machinery/go-text.ts';
import { dnsSubdomain, dnsSubdomainOfAnyCase, nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { validateInlineVolume } from '../core/persistent-volume/validate-inline-volume.ts';
import { define } from '../define.ts';
import { keepingMetadata } from '../keep-metadata.ts';
import { volumeAttachments } from '../schema/resource-types.generated.ts';
import type {
  VolumeAttachment,
  VolumeAttachmentSource,
  VolumeAttachmentStatus,
  VolumeError,
} from '../schema/storage-v1.generated.ts';
import { shared } from '../shared.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { validateImmutable } from '../validation/immutable.ts';

const maxMetadataBytes = 256 * 1024;
const maxMessageBytes = 1024;
const maxAttacher = 63;
const eitherSource = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
const detached: VolumeAttachmentStatus = { attached: false };

/** The wish that a volume be attached to a node, and how far its driver got. */
export const volumeAttachmentDefinition = define<VolumeAttachment>(volumeAttachments, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/volumeattachments/' },
  setDefaults(attachment) {
    attachment.status ??= { attached: false };
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(attachment) {
    attachment.status = { attached: false };
  },
  prepareForUpdate(attachment, old) {
    attachment.status = shared(old.status ?? detached);
  },
  validate,
  validateUpdate,
  unconditionalUpdate: false,
  status: keepingMetadata({
    prepareForUpdate(attachment: Draft<VolumeAttachment>, old) {
      attachment.spec = shared(old.spec);
    },
    validateUpdate,
  }),
  returnsDeletedObject: true,
  row: ({ metadata, spec, status }, now) => [
    metadata.name ?? '',
    spec.attacher,
    spec.source.persistentVolumeName ?? '',
    spec.nodeName,
    status?.attached ?? false,
    ageSince(metadata.creationTimestamp, now),
  ],
});

function validate({ spec, status = detached }: VolumeAttachment, errors: FieldError[]): void {
  validateSource(spec.source, 'spec.source', errors);
  applyRule(dnsSubdomain, spec.nodeName, 'spec.nodeName', errors);
  validateStatus(status, errors);
  const name = spec.source.persistentVolumeName;
  if (name !== undefined) applyRule(dnsSubdomain, name, 'spec.source.persistentVolumeName', errors);
  validateAttacher(spec.attacher, 'spec.attacher', errors);
}

/** The name of a CSI driver. Kubernetes declares the rule for this field, and says it in other words than where `validateCsiDriverName` holds. */
function validateAttacher(name: string, path: string, errors: FieldError[]): void {
  if (!name) errors.push(required(path));
  else if (name.length > maxAttacher) errors.push(tooLongCharacters(path, maxAttacher));
  else for (const problem of dnsSubdomainOfAnyCase(name.toLowerCase())) errors.push(invalid(path, name, problem));
}

function validateUpdate(attachment: VolumeAttachment, old: VolumeAttachment, errors: FieldError[]): void {
  validate(attachment, errors);
  validateImmutable(attachment.spec, old.spec, 'spec', errors, null);
}

function validateSource(source: VolumeAttachmentSource, path: string, errors: FieldError[]): void {
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = source;
  if (name === undefined && inline === undefined) errors.push(required(path, eitherSource));
  else if (name !== undefined && inline !== undefined) errors.push(forbidden(path, eitherSource));
  else if (name === '')
    errors.push(required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName'));
  else if (inline !== undefined) validateInlineVolume(inline, `${path}.inlineVolumeSpec`, errors);
}

function validateStatus(status: VolumeAttachmentStatus, errors: FieldError[]): void {
  let size = 0;
  for (const [key, value] of Object.entries(status.attachmentMetadata ?? {}))
    size += byteLength(key) + byteLength(value);
  if (size > maxMetadataBytes) errors.push(tooLong('status.attachmentMetadata', maxMetadataBytes));
  validateError(status.attachError, 'status.attachError', errors);
  validateError(status.detachError, 'status.detachError', errors);
}

function validateError(error: VolumeError | undefined, path: string, errors: FieldError[]): void {
  if (error === undefined) return;
  if (byteLength(error.message ?? '') > maxMessageBytes) errors.push(tooLong(`${path}.message`, maxMessageBytes));
  if ((error.errorCode ?? 0) < 0)
    errors.push(invalid(`${path}.errorCode`, error.errorCode, 'must be between 0 and 2147483647, inclusive'));
}
