import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { nameIsDnsLabel } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import type { Namespace } from '../schema/core-v1.generated.ts';
import { namespaces } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { validateFinalizerName } from '../validation/finalizer-name.ts';

const nameLabel = 'kubernetes.io/metadata.name';

export const namespaceDefinition = define<Namespace>(namespaces, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/namespaces/' },
  setDefaults(namespace) {
    namespace.spec ??= {};
    namespace.status ??= {};
    if (namespace.status.phase === undefined || namespace.status.phase === '') namespace.status.phase = 'Active';
    labelWithName(namespace);
  },
  validateName: nameIsDnsLabel,
  prepareForCreate(namespace) {
    namespace.status = { phase: 'Active' };
    namespace.spec ??= {};
    namespace.spec.finalizers ??= [];
    if (!namespace.spec.finalizers.includes('kubernetes')) namespace.spec.finalizers.push('kubernetes');
    labelWithName(namespace);
  },
  prepareForUpdate(namespace, old) {
    namespace.spec = shared(old.spec ?? {});
    namespace.status = shared(old.status ?? {});
    labelWithName(namespace);
  },
  validate(namespace, errors) {
    for (const name of namespace.spec?.finalizers ?? []) validateFinalizerName(name, 'spec.finalizers', errors);
  },
  validateUpdate: () => undefined,
  status: {
    prepareForUpdate(namespace, old) {
      namespace.spec = shared(old.spec ?? {});
      labelWithName(namespace);
    },
    validateUpdate: validatePhase,
  },
  views: {
    finalize: {
      prepareForUpdate(namespace, old) {
        namespace.status = shared(old.status ?? {});
        labelWithName(namespace);
      },
      validateUpdate(namespace, _old, errors) {
        namespace.spec?.finalizers?.forEach((name, index) => {
          validateFinalizerName(name, `spec.finalizers[${index}]`, errors);
        });
      },
    },
  },
  deletion: {
    begin(namespace) {
      namespace.status ??= {};
      namespace.status.phase = 'Terminating';
    },
    pending: (namespace) => (namespace.spec?.finalizers?.length ?? 0) > 0,
  },
  row: ({ metadata, status }, now) => [
    metadata.name ?? '',
    status?.phase ?? '',
    ageSince(metadata.creationTimestamp, now),
  ],
});

/** Selectors for namespaces can rely on this label: nobody can change or remove it (KEP-2161). */
function labelWithName(namespace: Draft<Namespace>): void {
  const { name } = namespace.metadata;
  if (name === undefined || name === '') return;
  namespace.metadata.labels ??= {};
  namespace.metadata.labels[nameLabel] = name;
}

function validatePhase(namespace: Namespace, _old: Namespace, errors: FieldError[]): void {
  const phase = namespace.status?.phase ?? '';
  const terminating = namespace.metadata.deletionTimestamp !== undefined;
  if (!terminating && phase !== 'Active')
    errors.push(invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty"));
  if (terminating && phase !== 'Terminating')
    errors.push(invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty"));
}
