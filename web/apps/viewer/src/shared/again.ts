const FIRST_WAIT_MS = 500;
const TRIES = 5;

/**
 * A part of the page that is loaded later. A hall's network loses requests, and everybody asks in the same moment: so
 * again, each time after a longer wait, and never with all the others. Some browsers remember that a file did not come,
 * and a file of another release never comes: after eight seconds it is given up, and whoever waits loads the page anew.
 */
export async function again<T>(load: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await load();
    } catch (error) {
      if (tries === TRIES) throw error;
      await new Promise((done) => setTimeout(done, FIRST_WAIT_MS * 2 ** (tries - 1) * (0.8 + 0.4 * Math.random())));
    }
  }
}
