import type { Container } from '../../resources/schema/core-v1.generated.ts';

/** A port by number or by the name of one of the container's ports; the problem in words where there is none. */
export function resolvePort(port: string | number, container: Container): number | string {
  const named =
    typeof port === 'string' ? container.ports?.find(({ name }) => name === port)?.containerPort : undefined;
  const number = named ?? Number(port);
  if (!Number.isInteger(number)) return `port "${port}" not found`;
  return number > 0 && number < 65_536 ? number : `invalid port number: ${number}`;
}
