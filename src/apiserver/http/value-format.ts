/** How a value that is no stored object is written: a Status, a review, a document of discovery. */
export interface ValueFormat {
  readonly contentType: string;
  value(value: object): Uint8Array;
}
