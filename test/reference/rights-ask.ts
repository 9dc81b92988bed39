/** One question to a real API server whether somebody may do something, and what it answered. */
export interface RightsAsk {
  readonly user: string;
  readonly groups: readonly string[];
  /** Those of a SubjectAccessReview that are not empty. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly answer?: { readonly allowed: boolean; readonly reason?: string } | undefined;
}
