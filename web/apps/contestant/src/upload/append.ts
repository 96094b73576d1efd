import { type ApiError, errorFrom, errorFromNetwork, errorFromStranger } from "@gavel/api";
import { type DetailedError, Upload } from "tus-js-client";

const TICK_MS = 1_000;
/** A line without any progress for so long is dead. The portal gives up after 30 seconds. */
const SILENCE_MS = 20_000;
/** With the last byte the portal reads the whole file once more before it answers. */
const ANSWER_MS = 300_000;

/**
 * Ask how much of a file is there, then send all the rest in one request. `tell` hears the bytes that are on their way
 * or there, every second at least. Throws ApiError; the reason of `signal` when it says stop.
 */
export function append(id: string, file: File, tell: (done: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    let done: number | null = null;
    let moved = Date.now();
    const upload = new Upload(file, {
      uploadUrl: `/api/uploads/${id}`,
      // What has arrived is known to the portal; when to try again is decided by the caller.
      storeFingerprintForResuming: false,
      retryDelays: null,
      onProgress(sent) {
        if (sent !== done) moved = Date.now();
        done = sent;
        tell(done);
      },
      onSuccess: () => end(resolve),
      onError: (error) => end(() => reject(reasonOf(error))),
    });
    const stop = (reason: unknown) => {
      void upload.abort();
      end(() => reject(reason));
    };
    const stopped = () => stop(signal.reason);
    const timer = setInterval(() => {
      if (Date.now() - moved > (done === file.size ? ANSWER_MS : SILENCE_MS)) stop(errorFromNetwork(undefined));
      else if (done !== null) tell(done);
    }, TICK_MS);
    const end = (settle: () => void) => {
      clearInterval(timer);
      signal.removeEventListener("abort", stopped);
      settle();
    };
    signal.addEventListener("abort", stopped);
    upload.start();
  });
}

function reasonOf(error: Error | DetailedError): ApiError {
  const response = "originalResponse" in error ? error.originalResponse : null;
  if (response === null) return errorFromNetwork(error);
  // "Fine", and yet not the protocol: the page of a guest network.
  if (response.getStatus() < 400) return errorFromStranger();
  return errorFrom(response.getStatus(), parsed(response.getBody()));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
