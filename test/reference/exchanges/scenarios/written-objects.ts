export const pods = '/api/v1/namespaces/{ns}/pods';
export const deployments = '/apis/apps/v1/namespaces/{ns}/deployments';

/** Of a pod that one container is enough for. */
export const spec = { automountServiceAccountToken: false, containers: [{ name: 'main', image: 'web:1' }] };
export const template = { metadata: { labels: { app: 'web' } }, spec: { containers: spec.containers } };
/** `web`, of such pods. */
export const deployment = { metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'web' } }, template } };
