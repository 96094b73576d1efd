/** The width of a line in Latin letters; a Han character is as wide as two. */
export function textWidth(text: string): number {
  return [...text].reduce((sum, letter) => sum + (/[\u2e80-\uffef]/.test(letter) ? 2 : 1), 0);
}
