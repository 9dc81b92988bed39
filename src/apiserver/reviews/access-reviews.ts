import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest, invalidObject } from '../../machinery/status-errors.ts';
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from '../../resources/schema/authorization-v1.generated.ts';
import type { ObjectMeta } from '../../resources/schema/meta-v1.generated.ts';
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  subjectAccessReviews,
} from '../../resources/schema/resource-types.generated.ts';
import type { ResourceContext, ReviewHandler } from '../registry/extension-points.ts';
import type { Authorizer, UserInfo } from '../request.ts';
import { type AccessAttributes, attributeErrors, evaluationError, goFields, requestOf } from './access-attributes.ts';

/** The three reviews that ask whether somebody may do something: oneself, another, another within one namespace. */
export function accessReviews(authorizer: Authorizer): readonly ReviewHandler[] {
  const status = (user: UserInfo, attributes: AccessAttributes): SubjectAccessReviewStatus => {
    const { decision, reason } = authorizer.authorize(user, requestOf(attributes));
    const error = evaluationError(attributes);
    return {
      allowed: decision === 'allow',
      ...(decision === 'deny' && { denied: true }),
      ...(reason !== '' && { reason }),
      ...(error !== undefined && { evaluationError: error }),
    };
  };
  return [
    {
      resource: selfSubjectAccessReviews,
      async create({ user }: ResourceContext, body: KubeObject): Promise<SelfSubjectAccessReview> {
        const review = body as SelfSubjectAccessReview;
        const spec = review.spec ?? {};
        refuse([...attributeErrors(spec), ...metadataErrors(review)]);
        return { ...review, metadata: clusterWide(review), spec, status: status(user, spec) };
      },
    },
    {
      resource: subjectAccessReviews,
      async create(_: ResourceContext, body: KubeObject): Promise<SubjectAccessReview> {
        const review = body as SubjectAccessReview;
        const spec = review.spec ?? {};
        refuse([...subjectErrors(spec), ...metadataErrors(review)]);
        return { ...review, metadata: clusterWide(review), spec, status: status(subjectOf(spec), spec) };
      },
    },
    {
      resource: localSubjectAccessReviews,
      async create({ info }: ResourceContext, body: KubeObject): Promise<LocalSubjectAccessReview> {
        const review = body as LocalSubjectAccessReview;
        const spec = review.spec ?? {};
        const given = review.metadata.namespace ?? '';
        if (given !== '' && given !== info.namespace) {
          throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
        }
        const metadata = { ...review.metadata, namespace: info.namespace };
        refuse([...subjectErrors(spec), ...localErrors(spec, info.namespace), ...metadataErrors(review)]);
        return { ...review, metadata, spec, status: status(subjectOf(spec), spec) };
      },
    },
  ];
}

/** A namespace means nothing to a review that is about the whole cluster. */
function clusterWide({ metadata }: KubeObject): ObjectMeta {
  const { namespace: _, ...rest } = metadata;
  return rest as ObjectMeta;
}

function subjectOf({ user, uid, groups, extra }: SubjectAccessReviewSpec): UserInfo {
  return { username: user ?? '', ...(uid && { uid }), groups: groups ?? [], extra: extra ?? {} };
}

function subjectErrors(spec: SubjectAccessReviewSpec): readonly FieldError[] {
  const errors = [...attributeErrors(spec)];
  if ((spec.user ?? '') === '' && (spec.groups ?? []).length === 0) {
    errors.push(invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'));
  }
  return errors;
}

function localErrors(spec: SubjectAccessReviewSpec, namespace: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const asked = spec.resourceAttributes?.namespace ?? '';
  if (spec.resourceAttributes != null && asked !== namespace) {
    errors.push(invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'));
  }
  if (spec.nonResourceAttributes != null) {
    const value = goFields(spec.nonResourceAttributes);
    errors.push(invalid('spec.nonResourceAttributes', value, 'disallowed on this kind of request'));
  }
  return errors;
}

/** A review is no object: nothing but the namespace and what the server itself notes may stand in its metadata. */
function metadataErrors({ metadata }: KubeObject): readonly FieldError[] {
  const { managedFields: _, namespace: __, ...rest } = metadata;
  return Object.values(rest).some((value) => value != null) ? [invalid('metadata', metadata, 'must be empty')] : [];
}

/** Kubernetes does not name the kind in these, and clients may compare. */
function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject({ group: 'authorization.k8s.io', kind: '' }, '', errors);
}
