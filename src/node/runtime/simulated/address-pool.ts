/** Hands out the addresses of an IPv4 range, the lowest free one first after the last one given, as host-local does. */
export class AddressPool {
  readonly #first: number;
  readonly #size: number;
  readonly #used = new Set<number>();
  #next = 0;

  /** The network, broadcast and gateway (first) addresses of `cidr` are kept back. */
  constructor(cidr: string) {
    const [address = '', bits = ''] = cidr.split('/');
    const octets = address.split('.').map(Number);
    const prefix = Number(bits);
    const valid = octets.length === 4 && octets.every((octet) => Number.isInteger(octet) && octet >= 0 && octet < 256);
    if (!valid || !Number.isInteger(prefix) || prefix < 8 || prefix > 30)
      throw new RangeError(`"${cidr}" is no IPv4 range of 4 to 16 million addresses`);
    const base = octets.reduce((sum, octet) => sum * 256 + octet, 0);
    const length = 2 ** (32 - prefix);
    this.#first = base - (base % length) + 2;
    this.#size = length - 3;
  }

  /** Undefined when all are in use. */
  take(): string | undefined {
    if (this.#used.size >= this.#size) return undefined;
    while (this.#used.has(this.#next)) this.#next = (this.#next + 1) % this.#size;
    const offset = this.#next;
    this.#used.add(offset);
    this.#next = (offset + 1) % this.#size;
    return format(this.#first + offset);
  }

  release(address: string): void {
    const number = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
    this.#used.delete(number - this.#first);
  }
}

function format(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
