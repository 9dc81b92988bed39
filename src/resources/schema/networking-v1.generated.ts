// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as coreV1 from './core-v1.generated.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface HTTPIngressPath {
  readonly path?: string | undefined;
  readonly pathType: string;
  readonly backend: IngressBackend;
}

export interface HTTPIngressRuleValue {
  readonly paths: readonly HTTPIngressPath[];
}

export interface IPAddress {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: IPAddressSpec;
}

export interface IPAddressSpec {
  readonly parentRef: ParentReference;
}

export interface IPBlock {
  readonly cidr: string;
  readonly except?: readonly string[] | undefined;
}

export interface Ingress {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: IngressSpec | undefined;
  readonly status?: IngressStatus | undefined;
}

export interface IngressBackend {
  readonly service?: IngressServiceBackend | undefined;
  readonly resource?: coreV1.TypedLocalObjectReference | undefined;
}

export interface IngressClass {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: IngressClassSpec | undefined;
}

export interface IngressClassParametersReference {
  readonly apiGroup?: string | undefined;
  readonly kind: string;
  readonly name: string;
  readonly scope?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface IngressClassSpec {
  readonly controller?: string | undefined;
  readonly parameters?: IngressClassParametersReference | undefined;
}

export interface IngressLoadBalancerIngress {
  readonly ip?: string | undefined;
  readonly hostname?: string | undefined;
  readonly ports?: readonly IngressPortStatus[] | undefined;
}

export interface IngressLoadBalancerStatus {
  readonly ingress?: readonly IngressLoadBalancerIngress[] | undefined;
}

export interface IngressPortStatus {
  readonly port: number;
  readonly protocol: string;
  readonly error?: string | undefined;
}

export interface IngressRule {
  readonly host?: string | undefined;
  readonly http?: HTTPIngressRuleValue | undefined;
}

export interface IngressRuleValue {
  readonly http?: HTTPIngressRuleValue | undefined;
}

export interface IngressServiceBackend {
  readonly name: string;
  readonly port?: ServiceBackendPort | undefined;
}

export interface IngressSpec {
  readonly ingressClassName?: string | undefined;
  readonly defaultBackend?: IngressBackend | undefined;
  readonly tls?: readonly IngressTLS[] | undefined;
  readonly rules?: readonly IngressRule[] | undefined;
}

export interface IngressStatus {
  readonly loadBalancer?: IngressLoadBalancerStatus | undefined;
}

export interface IngressTLS {
  readonly hosts?: readonly string[] | undefined;
  readonly secretName?: string | undefined;
}

export interface NetworkPolicy {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: NetworkPolicySpec | undefined;
}

export interface NetworkPolicyEgressRule {
  readonly ports?: readonly NetworkPolicyPort[] | undefined;
  readonly to?: readonly NetworkPolicyPeer[] | undefined;
}

export interface NetworkPolicyIngressRule {
  readonly ports?: readonly NetworkPolicyPort[] | undefined;
  readonly from?: readonly NetworkPolicyPeer[] | undefined;
}

export interface NetworkPolicyPeer {
  readonly podSelector?: metaV1.LabelSelector | undefined;
  readonly namespaceSelector?: metaV1.LabelSelector | undefined;
  readonly ipBlock?: IPBlock | undefined;
}

export interface NetworkPolicyPort {
  readonly protocol?: string | undefined;
  readonly port?: string | number | undefined;
  readonly endPort?: number | undefined;
}

export interface NetworkPolicySpec {
  readonly podSelector?: metaV1.LabelSelector | undefined;
  readonly ingress?: readonly NetworkPolicyIngressRule[] | undefined;
  readonly egress?: readonly NetworkPolicyEgressRule[] | undefined;
  readonly policyTypes?: readonly string[] | undefined;
}

export interface ParentReference {
  readonly group?: string | undefined;
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ServiceBackendPort {
  readonly name?: string | undefined;
  readonly number?: number | undefined;
}

export interface ServiceCIDR {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: ServiceCIDRSpec | undefined;
  readonly status?: ServiceCIDRStatus | undefined;
}

export interface ServiceCIDRSpec {
  readonly cidrs?: readonly string[] | undefined;
}

export interface ServiceCIDRStatus {
  readonly conditions?: readonly metaV1.Condition[] | undefined;
}

export type IPAddressDraft = Draft<IPAddress>;
export type IngressDraft = Draft<Ingress>;
export type IngressClassDraft = Draft<IngressClass>;
export type NetworkPolicyDraft = Draft<NetworkPolicy>;
export type ServiceCIDRDraft = Draft<ServiceCIDR>;
