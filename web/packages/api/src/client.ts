import createClient, { type MaybeOptionalInit } from "openapi-fetch";
import type { HttpMethod, OkStatus, PathsWithMethod } from "openapi-typescript-helpers";
import { errorFrom, errorFromNetwork } from "./errors";
import type { paths } from "./schema";

type Path<M extends HttpMethod> = PathsWithMethod<paths, M>;

/** The JSON of a path's 2xx answer. */
type Answer<P extends keyof paths, M extends HttpMethod> =
  paths[P] extends Record<M, infer Op>
    ? Op extends { responses: infer R }
      ? {
          [S in keyof R & OkStatus]: R[S] extends { content: { "application/json": infer J } } ? J : undefined;
        }[keyof R & OkStatus]
      : never
    : never;

type InitArgs<P extends keyof paths, M extends HttpMethod> =
  undefined extends MaybeOptionalInit<paths[P], M & keyof paths[P]>
    ? [init?: MaybeOptionalInit<paths[P], M & keyof paths[P]>]
    : [init: MaybeOptionalInit<paths[P], M & keyof paths[P]>];

const client = createClient<paths>({ baseUrl: "", credentials: "same-origin" });

interface Outcome {
  data?: unknown;
  error?: unknown;
  response: Response;
}

async function unwrap<T>(request: Promise<Outcome>): Promise<T> {
  let outcome: Outcome;
  try {
    outcome = await request;
  } catch (cause) {
    throw errorFromNetwork(cause);
  }
  if (!outcome.response.ok) throw errorFrom(outcome.response.status, outcome.error);
  return outcome.data as T;
}

type AnyCall = (path: string, init?: unknown) => Promise<Outcome>;

function method<M extends "get" | "post" | "delete">(name: M) {
  const call = client[name.toUpperCase() as "GET"] as unknown as AnyCall;
  return <P extends Path<M>>(path: P, ...[init]: InitArgs<P, M>): Promise<Answer<P, M>> =>
    unwrap<Answer<P, M>>(call(path, init));
}

/** The portal: `api.get("/api/join/{code}", { params: { path: { code } } })`. Throws ApiError. */
export const api = {
  get: method("get"),
  post: method("post"),
  delete: method("delete"),
};

/** Multipart upload with progress in bytes, which fetch cannot report. Throws ApiError; AbortError when cancelled. */
export function upload<T>(
  path: string,
  form: FormData,
  onProgress: (loaded: number, total: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded, event.total);
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.response as T);
      else reject(errorFrom(request.status, request.response));
    };
    request.onerror = () => reject(errorFromNetwork(undefined));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
