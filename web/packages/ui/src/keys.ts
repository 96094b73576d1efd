const JUMP = 10;

/** Where a key leads among `count` places, or null when it leads nowhere. */
export function moved(key: string, place: number, count: number): number | null {
  const to: Record<string, number> = {
    ArrowLeft: place - 1,
    ArrowRight: place + 1,
    PageUp: place - JUMP,
    PageDown: place + JUMP,
    Home: 0,
    End: count - 1,
  };
  const wished = to[key];
  return wished === undefined ? null : Math.min(count - 1, Math.max(0, wished));
}
