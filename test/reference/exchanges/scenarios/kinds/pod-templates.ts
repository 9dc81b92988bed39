/** The pods that workloads run here, and what is changed about them. */
export const container = { name: 'main', image: 'web:1' };
export const labels = { app: 'web' };
export const template = { metadata: { labels }, spec: { containers: [container] } };

export const noContainers = { spec: { template: { spec: { containers: [] } } } };
export const otherImage = { spec: { template: { spec: { containers: [{ ...container, image: 'web:2' }] } } } };
export const otherLabels = { spec: { template: { metadata: { labels: { app: null, other: 'x' } } } } };
export const neverRestarted = { spec: { template: { spec: { restartPolicy: 'Never' } } } };
export const negativeReplicas = { spec: { replicas: -1 } };
