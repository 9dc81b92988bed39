import { define } from './define.ts';
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  tokenReviews,
} from './schema/resource-types.generated.ts';

/** Reviews are answered and never stored: their rules are with those who answer them. */
const anyName = { validateName: (): readonly string[] => [] };

export const tokenReviewDefinition = define(tokenReviews, anyName);
export const selfSubjectReviewDefinition = define(selfSubjectReviews, anyName);
export const subjectAccessReviewDefinition = define(subjectAccessReviews, anyName);
export const localSubjectAccessReviewDefinition = define(localSubjectAccessReviews, anyName);
export const selfSubjectAccessReviewDefinition = define(selfSubjectAccessReviews, anyName);
export const selfSubjectRulesReviewDefinition = define(selfSubjectRulesReviews, anyName);
