import { followingBackOff } from '../../client/back-off.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import { SharedInformer } from '../../client/informers/shared-informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { parseTime } from '../../machinery/time.ts';
import type { PodCertificateRequest } from '../../resources/schema/certificates-v1.generated.ts';
import type { Node, Pod, PodCertificateProjection } from '../../resources/schema/core-v1.generated.ts';
import { podCertificateRequests, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { createCertificateRequest } from '../../wire/pki/certificate-request.ts';
import { generateKeyPairOfType, pkcs8Pem } from '../../wire/pki/key-pair.ts';
import { parsePem } from '../../wire/pki/pem.ts';
import { podEvent } from '../pods/pod-events.ts';
import { type Asked, type Credentials, PodCertificate } from './pod-certificate.ts';

export interface PodCertificatesOptions {
  readonly client: Pick<Client, 'get' | 'list' | 'watch' | 'create'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  /** This node, as the API has it; undefined before it is registered. */
  node(): Node | undefined;
  /** There is something new for the volumes of this pod. */
  onChange(uid: string): void;
}

/** The certificates in pods' volumes, by pod and by their place in it. Nothing is kept: an agent that starts anew asks anew. */
export class PodCertificates {
  readonly #options: PodCertificatesOptions;
  readonly #pods = new Map<string, Map<string, PodCertificate>>();
  /** Of this node; begun with the first pod that has a certificate, for most nodes have none. */
  #requests: SharedInformer<PodCertificateRequest> | undefined;

  constructor(options: PodCertificatesOptions) {
    this.#options = options;
  }

  /** Throws an `Error` in the words of a kubelet while there are none. `place`: which source of which volume. */
  credentials(pod: Pod, place: string, projection: PodCertificateProjection): Credentials {
    const uid = pod.metadata.uid ?? '';
    const certificates = this.#pods.getOrInsertComputed(uid, () => new Map<string, PodCertificate>());
    return certificates.getOrInsertComputed(place, () => this.#make(pod, projection)).credentials;
  }

  forget(uid: string): void {
    for (const certificate of this.#pods.get(uid)?.values() ?? []) certificate.close();
    this.#pods.delete(uid);
  }

  async stop(): Promise<void> {
    for (const uid of [...this.#pods.keys()]) this.forget(uid);
    await this.#requests?.stop();
  }

  #make(pod: Pod, projection: PodCertificateProjection): PodCertificate {
    const { environment, recorder, onChange } = this.#options;
    const requests = this.#follow(pod.spec?.nodeName ?? '');
    const { uid = '', namespace } = pod.metadata;
    return new PodCertificate({
      environment,
      ask: () => this.#ask(pod, projection),
      request: (name) => requests.get(name, namespace),
      warn: (reason, message) => podEvent(recorder, pod, 'Warning', reason, message),
      onChange: () => onChange(uid),
    });
  }

  #follow(nodeName: string): SharedInformer<PodCertificateRequest> {
    if (this.#requests !== undefined) return this.#requests;
    const { client, environment, logger } = this.#options;
    this.#requests = new SharedInformer<PodCertificateRequest>({
      client,
      environment,
      logger,
      type: podCertificateRequests,
      fieldSelector: `spec.nodeName=${nodeName}`,
      streamInitialState: false,
      backOff: followingBackOff,
    });
    const tell = ({ spec }: PodCertificateRequest) => {
      for (const certificate of this.#pods.get(spec.podUID)?.values() ?? []) certificate.look();
    };
    this.#requests.addHandler({ added: tell, updated: tell, deleted: tell });
    return this.#requests;
  }

  async #ask(pod: Pod, projection: PodCertificateProjection): Promise<Asked> {
    const { client, environment } = this.#options;
    const { name: podName = '', namespace, uid: podUID = '' } = pod.metadata;
    const node = this.#options.node()?.metadata;
    if (node === undefined) throw new Error('this node is not registered yet');
    const serviceAccountName = pod.spec?.serviceAccountName ?? '';
    const account = await client.get(serviceAccounts, { namespace, name: serviceAccountName });
    const pair = await generateKeyPairOfType(projection.keyType ?? '', environment);
    const pem = createCertificateRequest({ commonName: '', organizations: [] }, pair);
    const [der = Buffer.alloc(0)] = parsePem(pem, 'CERTIFICATE REQUEST');
    const { maxExpirationSeconds, userAnnotations } = projection;
    const { metadata } = await client.create(podCertificateRequests, {
      metadata: {
        namespace,
        generateName: 'req-',
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: podName, uid: podUID }],
      },
      spec: {
        signerName: projection.signerName ?? '',
        podName,
        podUID,
        serviceAccountName,
        serviceAccountUID: account.metadata.uid ?? '',
        nodeName: node.name ?? '',
        nodeUID: node.uid ?? '',
        stubPKCS10Request: der.toString('base64'),
        ...(maxExpirationSeconds !== undefined && { maxExpirationSeconds }),
        ...(userAnnotations !== undefined && { unverifiedUserAnnotations: userAnnotations }),
      },
    });
    const createdAt = parseTime(metadata.creationTimestamp) ?? environment.now();
    return { name: metadata.name ?? '', key: pkcs8Pem(pair), createdAt };
  }
}
