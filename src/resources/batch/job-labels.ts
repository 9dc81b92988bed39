/** Labels and annotations of jobs and their pods. The first two labels are of times when labels had no prefix. */
export const jobLabels = {
  legacyName: 'job-name',
  legacyControllerUid: 'controller-uid',
  name: 'batch.kubernetes.io/job-name',
  controllerUid: 'batch.kubernetes.io/controller-uid',
} as const;
