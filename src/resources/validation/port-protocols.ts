export const portProtocols: ReadonlySet<string> = new Set(['SCTP', 'TCP', 'UDP']);
