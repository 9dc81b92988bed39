/** What the shop's page says. */
export interface Page {
  readonly order: number;
  readonly replica: string;
  /** The nginx that passed it on. */
  readonly webServer: string;
}

/** Visits the shop, which takes an order. Throws unless the page is the shop's. */
export async function visit(url: string): Promise<Page> {
  const response = await fetch(url, { signal: AbortSignal.timeout(15_000) });
  const text = await response.text();
  const order = /<b>(\d+)<\/b>/.exec(text)?.[1];
  const replica = /<code>([^<]+)<\/code>/.exec(text)?.[1];
  const webServer = response.headers.get('x-web-server');
  if (!response.ok || order === undefined || replica === undefined || webServer === null)
    throw new Error(`the page answered ${response.status}: ${text.slice(0, 200)}`);
  return { order: Number(order), replica, webServer };
}

/** How many orders the database holds. */
export async function ordersInDatabase(url: string): Promise<number> {
  const response = await fetch(`${url}/count`, { signal: AbortSignal.timeout(15_000) });
  if (!response.ok) throw new Error(`the count answered ${response.status}`);
  const { orders } = (await response.json()) as { readonly orders: number };
  return orders;
}
