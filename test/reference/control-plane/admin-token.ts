/** By which who records and who replays are `admin`, of `system:masters`. */
export const token = 'reference-admin-token';
