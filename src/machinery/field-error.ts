/** What is wrong with a field: the `reason` of a cause in the Status. */
export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooShort'
  | 'FieldValueTooMany'
  | 'FieldValueTooFew'
  | 'InternalError'
  | 'FieldValueTypeInvalid';

/** A rule that one field of an object breaks. Validation returns these; it never throws. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** `spec.containers[0].name`; map keys as `data[key]`. */
  readonly field: string;
  readonly value?: unknown;
  readonly detail: string;
}
