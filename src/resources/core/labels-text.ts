/** Labels as columns show them, by name: `app=web,tier=front`; `<none>` for no labels. */
export function labelsText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return pairs.sort().join(',') || '<none>';
}
