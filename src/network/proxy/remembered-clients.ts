import type { Host } from '../../node/host/host.ts';

interface ListedSet {
  readonly nftables?: readonly {
    /** Of all its elements that have no other. */
    readonly set?: { readonly timeout?: number; readonly elem?: readonly { readonly elem?: ListedElement }[] };
  }[];
}

interface ListedElement {
  readonly val?: unknown;
  readonly timeout?: number;
  /** Seconds that are left. */
  readonly expires?: number;
}

const timeoutMs = 10_000;

/**
 * Rules that put back into the sets of a table which clients they hold, for when it is replaced as a whole: clients that have their endpoint
 * keep it when an agent is started anew. What cannot be read is forgotten.
 */
export async function rememberedClients(
  { processes }: Pick<Host, 'processes'>,
  table: string,
  sets: Iterable<string>,
): Promise<string> {
  const lines: string[] = [];
  for (const set of sets) {
    const command = ['nft', '-j', 'list', 'set', 'ip', table, set];
    const { code, stdout } = await processes.run(command, { allowFailure: true, timeoutMs });
    const clients = code === 0 ? clientsIn(stdout) : [];
    if (clients.length > 0) lines.push(`add element ip ${table} ${set} { ${clients.join(', ')} }\n`);
  }
  return lines.join('');
}

/** `10.0.0.1 timeout 60s expires 42s` for each client in what `nft -j list set` printed. */
export function clientsIn(listed: string): readonly string[] {
  const { nftables = [] } = JSON.parse(listed) as ListedSet;
  return nftables.flatMap(({ set }) =>
    (set?.elem ?? []).flatMap(({ elem }) =>
      typeof elem?.val === 'string' && (elem.expires ?? 0) > 0
        ? [`${elem.val} timeout ${elem.timeout ?? set?.timeout}s expires ${elem.expires}s`]
        : [],
    ),
  );
}
