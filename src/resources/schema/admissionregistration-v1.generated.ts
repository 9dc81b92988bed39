// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface ApplyConfiguration {
  readonly expression?: string | undefined;
}

export interface AuditAnnotation {
  readonly key: string;
  readonly valueExpression: string;
}

export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

export interface JSONPatch {
  readonly expression?: string | undefined;
}

export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

export interface MatchResources {
  readonly namespaceSelector?: metaV1.LabelSelector | undefined;
  readonly objectSelector?: metaV1.LabelSelector | undefined;
  readonly resourceRules?: readonly NamedRuleWithOperations[] | undefined;
  readonly excludeResourceRules?: readonly NamedRuleWithOperations[] | undefined;
  readonly matchPolicy?: string | undefined;
}

export interface MutatingAdmissionPolicy {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: MutatingAdmissionPolicySpec | undefined;
}

export interface MutatingAdmissionPolicyBinding {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: MutatingAdmissionPolicyBindingSpec | undefined;
}

export interface MutatingAdmissionPolicyBindingSpec {
  readonly policyName?: string | undefined;
  readonly paramRef?: ParamRef | undefined;
  readonly matchResources?: MatchResources | undefined;
}

export interface MutatingAdmissionPolicySpec {
  readonly paramKind?: ParamKind | undefined;
  readonly matchConstraints?: MatchResources | undefined;
  readonly variables?: readonly Variable[] | undefined;
  readonly mutations?: readonly Mutation[] | undefined;
  readonly failurePolicy?: string | undefined;
  readonly matchConditions?: readonly MatchCondition[] | undefined;
  readonly reinvocationPolicy?: string | undefined;
}

export interface MutatingWebhook {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules?: readonly RuleWithOperations[] | undefined;
  readonly failurePolicy?: string | undefined;
  readonly matchPolicy?: string | undefined;
  readonly namespaceSelector?: metaV1.LabelSelector | undefined;
  readonly objectSelector?: metaV1.LabelSelector | undefined;
  readonly sideEffects: string;
  readonly timeoutSeconds?: number | undefined;
  readonly admissionReviewVersions: readonly string[];
  readonly reinvocationPolicy?: string | undefined;
  readonly matchConditions?: readonly MatchCondition[] | undefined;
}

export interface MutatingWebhookConfiguration {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly webhooks?: readonly MutatingWebhook[] | undefined;
}

export interface Mutation {
  readonly patchType: string;
  readonly applyConfiguration?: ApplyConfiguration | undefined;
  readonly jsonPatch?: JSONPatch | undefined;
}

export interface NamedRuleWithOperations {
  readonly resourceNames?: readonly string[] | undefined;
  readonly operations?: readonly string[] | undefined;
  readonly apiGroups?: readonly string[] | undefined;
  readonly apiVersions?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly scope?: string | undefined;
}

export interface ParamKind {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
}

export interface ParamRef {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly selector?: metaV1.LabelSelector | undefined;
  readonly parameterNotFoundAction?: string | undefined;
}

export interface Rule {
  readonly apiGroups?: readonly string[] | undefined;
  readonly apiVersions?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly scope?: string | undefined;
}

export interface RuleWithOperations {
  readonly operations?: readonly string[] | undefined;
  readonly apiGroups?: readonly string[] | undefined;
  readonly apiVersions?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly scope?: string | undefined;
}

export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  readonly path?: string | undefined;
  readonly port?: number | undefined;
}

export interface TypeChecking {
  readonly expressionWarnings?: readonly ExpressionWarning[] | undefined;
}

export interface ValidatingAdmissionPolicy {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: ValidatingAdmissionPolicySpec | undefined;
  readonly status?: ValidatingAdmissionPolicyStatus | undefined;
}

export interface ValidatingAdmissionPolicyBinding {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: ValidatingAdmissionPolicyBindingSpec;
}

export interface ValidatingAdmissionPolicyBindingSpec {
  readonly policyName: string;
  readonly paramRef?: ParamRef | undefined;
  readonly matchResources?: MatchResources | undefined;
  readonly validationActions: readonly string[];
}

export interface ValidatingAdmissionPolicySpec {
  readonly paramKind?: ParamKind | undefined;
  readonly matchConstraints?: MatchResources | undefined;
  readonly validations?: readonly Validation[] | undefined;
  readonly failurePolicy?: string | undefined;
  readonly auditAnnotations?: readonly AuditAnnotation[] | undefined;
  readonly matchConditions?: readonly MatchCondition[] | undefined;
  readonly variables?: readonly Variable[] | undefined;
}

export interface ValidatingAdmissionPolicyStatus {
  readonly observedGeneration?: number | undefined;
  readonly typeChecking?: TypeChecking | undefined;
  readonly conditions?: readonly metaV1.Condition[] | undefined;
}

export interface ValidatingWebhook {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules?: readonly RuleWithOperations[] | undefined;
  readonly failurePolicy?: string | undefined;
  readonly matchPolicy?: string | undefined;
  readonly namespaceSelector?: metaV1.LabelSelector | undefined;
  readonly objectSelector?: metaV1.LabelSelector | undefined;
  readonly sideEffects: string;
  readonly timeoutSeconds?: number | undefined;
  readonly admissionReviewVersions: readonly string[];
  readonly matchConditions?: readonly MatchCondition[] | undefined;
}

export interface ValidatingWebhookConfiguration {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly webhooks?: readonly ValidatingWebhook[] | undefined;
}

export interface Validation {
  readonly expression: string;
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
  readonly messageExpression?: string | undefined;
}

export interface Variable {
  readonly name: string;
  readonly expression: string;
}

export interface WebhookClientConfig {
  readonly url?: string | undefined;
  readonly service?: ServiceReference | undefined;
  readonly caBundle?: string | undefined;
}

export type MutatingAdmissionPolicyDraft = Draft<MutatingAdmissionPolicy>;
export type MutatingAdmissionPolicyBindingDraft = Draft<MutatingAdmissionPolicyBinding>;
export type MutatingWebhookConfigurationDraft = Draft<MutatingWebhookConfiguration>;
export type ValidatingAdmissionPolicyDraft = Draft<ValidatingAdmissionPolicy>;
export type ValidatingAdmissionPolicyBindingDraft = Draft<ValidatingAdmissionPolicyBinding>;
export type ValidatingWebhookConfigurationDraft = Draft<ValidatingWebhookConfiguration>;
