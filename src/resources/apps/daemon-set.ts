import { selectorFromLabels } from '../../machinery/label-selector.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { type Draft, draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { preparePodTemplate, setPodTemplateDefaults } from '../core/pod/pod-template.ts';
import { podTemplateWarnings } from '../core/pod/warnings/pod-warnings.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { DaemonSet, DaemonSetSpec, DaemonSetStatus } from '../schema/apps-v1.generated.ts';
import { daemonSets } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { templateGenerationAnnotation, validateDaemonSet, validateDaemonSetStatus } from './validate-daemon-set.ts';
import { containerCells, selectorText } from './workload-row.ts';
import { validateSelectorUnchanged } from './workload-template.ts';

const noPods: DaemonSetStatus = {
  currentNumberScheduled: 0,
  numberMisscheduled: 0,
  desiredNumberScheduled: 0,
  numberReady: 0,
};

export const daemonSetDefinition = define<DaemonSet>(daemonSets, {
  storage: { keyPrefix: '/registry/daemonsets/' },
  setDefaults,
  validateName: nameIsDnsSubdomain,
  prepareForCreate(daemonSet) {
    daemonSet.status = draft(noPods);
    setTemplateGeneration(daemonSet, Math.max(1, templateGenerationOf(daemonSet)));
    preparePodTemplate(daemonSet.spec.template);
  },
  prepareForUpdate(daemonSet, old) {
    daemonSet.status = shared(old.status ?? noPods);
    preparePodTemplate(daemonSet.spec.template);
    const same = equal(daemonSet.spec.template, old.spec.template);
    setTemplateGeneration(daemonSet, templateGenerationOf(old) + (same ? 0 : 1));
  },
  validate: validateDaemonSet,
  validateUpdate(daemonSet, old, errors) {
    validateSelectorUnchanged(daemonSet.spec.selector, old.spec.selector, errors);
    validateDaemonSet(daemonSet, errors);
  },
  warnings: ({ spec }, old) =>
    old !== undefined && equal(spec.template, old.spec.template) ? [] : podTemplateWarnings(spec.template),
  fieldAnnotation: templateGenerationAnnotation,
  changesGeneration: (daemonSet, old) => !equal(daemonSet.spec, old.spec),
  status: {
    prepareForUpdate(daemonSet, old) {
      daemonSet.spec = shared(old.spec);
      setTemplateGeneration(daemonSet, templateGenerationOf(old));
    },
    validateUpdate: ({ status }, old, errors) =>
      validateDaemonSetStatus(status ?? noPods, old.status ?? noPods, errors),
  },
  row: ({ metadata, spec, status = noPods }, now) => [
    metadata.name ?? '',
    status.desiredNumberScheduled,
    status.currentNumberScheduled,
    status.numberReady,
    status.updatedNumberScheduled ?? 0,
    status.numberAvailable ?? 0,
    selectorFromLabels(spec.template.spec?.nodeSelector ?? {}).toString() || '<none>',
    ageSince(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
    selectorText(spec.selector),
  ],
});

function setDefaults(daemonSet: Draft<DaemonSet>): void {
  setTemplateGeneration(daemonSet, templateGenerationOf(daemonSet));
  daemonSet.spec ??= {} as Draft<DaemonSetSpec>;
  daemonSet.status ??= draft(noPods);
  const { spec } = daemonSet;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  spec.updateStrategy ??= {};
  if (!spec.updateStrategy.type) spec.updateStrategy.type = 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') spec.updateStrategy.rollingUpdate ??= {};
  const { rollingUpdate } = spec.updateStrategy;
  if (rollingUpdate !== undefined) {
    if (spec.updateStrategy.type === 'RollingUpdate') rollingUpdate.maxUnavailable ??= 1;
    rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
}

/** How often the template was changed, from an annotation that old programs read. */
function templateGenerationOf({ metadata }: Pick<DaemonSet, 'metadata'>): number {
  const text = metadata.annotations?.[templateGenerationAnnotation] ?? '';
  return /^[+-]?\d+$/.test(text) ? Number(text) : 0;
}

/** One that is no number stays, to be refused. */
function setTemplateGeneration(daemonSet: Draft<DaemonSet>, generation: number): void {
  const given = daemonSet.metadata.annotations?.[templateGenerationAnnotation];
  if (given !== undefined && !/^[+-]?\d+$/.test(given)) return;
  daemonSet.metadata.annotations = {
    ...daemonSet.metadata.annotations,
    [templateGenerationAnnotation]: String(generation),
  };
}
