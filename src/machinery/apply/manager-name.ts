import { byteLength, isPrintable } from '../go-text.ts';

const maxBytes = 128;

/** Who writes: the manager that was asked for, or else what the user agent begins with (`kubectl/v1.37.1 (...)`). */
export function managerName(fieldManager: string, userAgent: string): string {
  if (fieldManager !== '') return fieldManager;
  let name = '';
  for (const character of userAgent.split('/')[0] ?? '') {
    if (!isPrintable(character)) continue;
    if (byteLength(name) + byteLength(character) > maxBytes) break;
    name += character;
  }
  return name;
}
