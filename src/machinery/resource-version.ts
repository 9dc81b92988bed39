/** Whether one resource version is older: they are decimal numbers that grow (KEP-5504). What is not known is not older. */
export function isOlderVersion(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}
