/** The number that an option was given. Throws with what it takes. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new Error(`${option} takes a whole number from ${least} to ${most}, not "${text}"`);
  return value;
}
