import type { Reader } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { quote } from '../../machinery/go-text.ts';
import { generateName } from '../../machinery/name-generation.ts';
import type { Draft } from '../../machinery/object.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Container, Pod, ServiceAccount } from '../../resources/schema/core-v1.generated.ts';
import { pods, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { secretsOfPod } from '../authz/pod-references.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import { appliesTo } from './applies-to.ts';
import { secretNotMountable } from './mountable-secrets.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

export interface ServiceAccountOptions {
  readonly serviceAccounts: Informer<ServiceAccount>;
  readonly reader: Reader;
  readonly environment: Environment;
}

type PodDraft = Draft<Pod>;

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
/** The account `default` of a new namespace is made by a controller and may be a moment late. */
const attemptsForDefault = 10;

/** Gives every pod its service account: a token of it in each container, and its image pull secrets. */
export class ServiceAccountAdmission implements AdmissionPlugin {
  readonly name = 'ServiceAccount';
  readonly #options: ServiceAccountOptions;

  constructor(options: ServiceAccountOptions) {
    this.#options = options;
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    if (attributes.operation !== 'CREATE' || !appliesTo(attributes, pods)) return;
    const pod = attributes.object as PodDraft;
    if (isMirror(pod) || pod.spec === undefined) return;
    if ((pod.spec.serviceAccountName ?? '') === '') {
      pod.spec.serviceAccountName = 'default';
      pod.spec.serviceAccount = 'default';
    }
    const account = await this.#account(attributes, pod);
    if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) {
      this.#mountToken(pod.spec);
    }
    const pullSecrets = account.imagePullSecrets ?? [];
    if ((pod.spec.imagePullSecrets ?? []).length === 0 && pullSecrets.length > 0) {
      pod.spec.imagePullSecrets = pullSecrets.map(({ name }) => ({ ...(name !== undefined && { name }) }));
    }
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const creates = attributes.operation === 'CREATE' && appliesTo(attributes, pods);
    const debugs = attributes.operation === 'UPDATE' && appliesTo(attributes, pods, 'ephemeralcontainers');
    if (!creates && !debugs) return;
    const pod = attributes.object as PodDraft;
    if (creates && isMirror(pod)) {
      const why = mirrorProblem(pod);
      if (why !== undefined) throw admissionForbidden(attributes, why);
      return;
    }
    if ((pod.spec?.serviceAccountName ?? '') === '') {
      const why = `no service account specified for pod ${attributes.namespace}/${pod.metadata.name ?? ''}`;
      throw admissionForbidden(attributes, why);
    }
    const account = await this.#account(attributes, pod);
    if (!/^(1|t|true)$/i.test(account.metadata.annotations?.['kubernetes.io/enforce-mountable-secrets'] ?? '')) return;
    const why = secretNotMountable(account, pod, debugs);
    if (why !== undefined) throw admissionForbidden(attributes, why);
  }

  async #account(attributes: AdmissionAttributes, pod: PodDraft): Promise<ServiceAccount> {
    const { namespace } = attributes;
    const name = pod.spec?.serviceAccountName ?? '';
    const { environment } = this.#options;
    const attempts = name === 'default' ? attemptsForDefault : 1;
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await this.#told(namespace, name, 100 + Math.floor(environment.random() * 100));
      const account = await this.#find(namespace, name);
      if (account !== undefined) return account;
    }
    const why = `error looking up service account ${namespace}/${name}: serviceaccount ${quote(name)} not found`;
    throw admissionForbidden(attributes, why);
  }

  /** Resolves when the account is there, and in any case after this time. */
  async #told(namespace: string, name: string, waitMs: number): Promise<void> {
    const { environment, serviceAccounts } = this.#options;
    const told = Promise.withResolvers<void>();
    const timer = environment.setTimer(waitMs, told.resolve);
    const remove = serviceAccounts.addHandler({
      added: ({ metadata }) => {
        if (metadata.name === name && metadata.namespace === namespace) told.resolve();
      },
    });
    await told.promise;
    timer.cancel();
    remove();
  }

  async #find(namespace: string, name: string): Promise<ServiceAccount | undefined> {
    const known = this.#options.serviceAccounts.get(name, namespace);
    if (known !== undefined) return known;
    try {
      return await this.#options.reader.get(serviceAccounts, { namespace, name });
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #mountToken(spec: NonNullable<PodDraft['spec']>): void {
    const existing = spec.volumes?.find((volume) => volume.name.startsWith(volumePrefix));
    const name = existing?.name ?? generateName(volumePrefix, this.#options.environment);
    const bare = [...(spec.initContainers ?? []), ...spec.containers].filter((container) => !mountsAt(container));
    for (const container of bare) {
      container.volumeMounts = [...(container.volumeMounts ?? []), { mountPath, name, readOnly: true }];
    }
    if (existing === undefined && bare.length > 0) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
  }
}

function isMirror(pod: PodDraft): boolean {
  return pod.metadata.annotations?.[mirrorAnnotation] !== undefined;
}

/** A pod that a node made itself must not reach further than the node. */
function mirrorProblem(pod: PodDraft): string | undefined {
  if ((pod.spec?.serviceAccountName ?? '') !== '') return 'a mirror pod may not reference service accounts';
  if (secretsOfPod(pod as Pod).size > 0) return 'a mirror pod may not reference secrets';
  const sources = (pod.spec?.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
  return sources.some((source) => source.serviceAccountToken != null)
    ? 'a mirror pod may not use ServiceAccountToken volume projections'
    : undefined;
}

function mountsAt(container: Draft<Container>): boolean {
  return (container.volumeMounts ?? []).some((mount) => mount.mountPath === mountPath);
}

function tokenVolume(name: string): NonNullable<NonNullable<PodDraft['spec']>['volumes']>[number] {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
        {
          downwardAPI: {
            items: [{ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' }],
          },
        },
      ],
    },
  };
}
