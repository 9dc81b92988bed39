import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { containerCells } from '../apps/workload-row.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { PodTemplate } from '../schema/core-v1.generated.ts';
import { podTemplates } from '../schema/resource-types.generated.ts';
import { labelsText } from './labels-text.ts';
import { preparePodTemplate, setPodTemplateDefaults, validatePodTemplate } from './pod/pod-template.ts';
import { podTemplateWarnings } from './pod/warnings/pod-warnings.ts';

/** A template kept for whoever wants to make pods of it; nothing does so by itself. */
export const podTemplateDefinition = define<PodTemplate>(podTemplates, {
  storage: { keyPrefix: '/registry/podtemplates/' },
  setDefaults(object) {
    object.template ??= {};
    setPodTemplateDefaults(object.template);
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate({ template }) {
    if (template !== undefined) preparePodTemplate(template);
  },
  prepareForUpdate({ template }) {
    if (template !== undefined) preparePodTemplate(template);
  },
  validate: ({ template = {} }, errors) => validatePodTemplate(template, 'template', errors),
  warnings: ({ template }, old) => (equal(template, old?.template) ? [] : podTemplateWarnings(template, 'template')),
  changesGeneration: (object, old) => !equal(object.template, old.template),
  returnsDeletedObject: true,
  row: ({ metadata, template }) => [
    metadata.name ?? '',
    ...containerCells(template),
    labelsText(template?.metadata?.labels),
  ],
});
