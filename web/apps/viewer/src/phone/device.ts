import { ApiError, api } from "@gavel/api";
import { again } from "../shared/again";

let device: Promise<unknown> | null = null;

/**
 * The anonymous device cookie, asked for once a page; a failure is tried again with the next request. `?c=` in the join
 * link says, signed by the portal, which way of seeing the show this is: who sees it later votes later.
 */
function ensure(): Promise<unknown> {
  const channel = /[?&]c=([a-z0-9-]{1,16}\.[0-9a-f]{16})(&|$)/.exec(location.search)?.[1];
  device ??= api.post("/api/device", { params: { query: { channel } } }).catch((error) => {
    device = null;
    throw error;
  });
  return device;
}

/**
 * A request in the name of this device. A browser may lose the cookie while the page is open: then it gets a new one. A
 * vote may ask for a proof of work: then this phone does it, and asks again.
 */
export async function asDevice<T>(request: () => Promise<T>): Promise<T> {
  await ensure();
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The words for it: most phones are never refused anything. If they do not come, the portal's own have to do.
    if (!error.retryable) await import("../vouch/i18n").catch(() => {});
    if (error.code === "vote.level" && error.detail.needed === 1) await (await again(() => import("./work"))).work();
    else if (error.code === "vote.no_device") {
      device = null;
      await ensure();
    } else throw error;
    return request();
  }
}
