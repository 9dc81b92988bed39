/** Whether one resource version is older: they are decimal numbers that grow (KEP-5504). What is not known is not older. */
export function isOlderVersion(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}

/** What is wrong with a text as a resource version that can be compared: it is a decimal number without leading zeros. */
export function resourceVersionProblem(version: string): string | undefined {
  return /^[1-9]\d*$/.test(version) ? undefined : `resource version is not well formed: ${version}`;
}
