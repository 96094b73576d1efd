/**
 * Send a version once. Where the answer gets lost after the last byte, the portal may have the version all the same:
 * `look` finds it there, and the same files are not sent a second time. `again`: an earlier try ended that way.
 */
export async function deliver<T>(
  send: () => Promise<T>,
  look: () => Promise<T | null>,
  mayHaveArrived: (error: unknown) => boolean,
  again = false,
): Promise<T> {
  const earlier = again ? await look() : null;
  if (earlier !== null) return earlier;
  try {
    return await send();
  } catch (error) {
    // Without a network there is nothing to see yet; the next try looks first.
    const there = mayHaveArrived(error) ? await look().catch(() => null) : null;
    if (there === null) throw error;
    return there;
  }
}
