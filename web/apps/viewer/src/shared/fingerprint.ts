/** The first 96 bits of a root in six groups, as people read it to each other: stage and phone show the same. */
export function fingerprint(root: string): string {
  return (root.slice(0, 24).match(/.{1,4}/g) ?? []).join(" ");
}
