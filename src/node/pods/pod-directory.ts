/** Where everything of a pod is kept on its node, apart from its logs. */
export function podDirectory(rootDirectory: string, uid: string): string {
  return `${rootDirectory}/pods/${uid}`;
}
