/**
 * A fresh idempotency key. Not `crypto.randomUUID`: a hall often serves plain http on a LAN
 * address, where browsers offer only `getRandomValues`.
 */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
