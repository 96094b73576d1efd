import type { MaybeOptionalInit } from "openapi-fetch";
import type { HttpMethod, OkStatus, PathsWithMethod } from "openapi-typescript-helpers";
import { clock } from "./clock";
import { errorFrom, errorFromNetwork, errorFromStranger } from "./errors";
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

/** What a call may carry. openapi-fetch lends its types; its 2.8 kB of code would be a waste on phones for these few forms. */
interface Init {
  params?: { path?: Record<string, unknown>; query?: Record<string, unknown> };
  body?: unknown;
}

/** A network that swallows everything never says so: without these limits a vote would be "sending" for ever. */
const ANSWER_MS = 8_000;
const WHOLE_ANSWER_MS = 30_000;

function address(path: string, { path: names, query }: NonNullable<Init["params"]>): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(names?.[name])));
  const asked = Object.entries(query ?? {}).filter(([, value]) => value != null);
  return asked.length === 0 ? filled : `${filled}?${new URLSearchParams(asked as [string, string][])}`;
}

async function call<T>(method: string, path: string, init: Init): Promise<T> {
  const { params = {}, body } = init;
  const sent =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  // Not AbortSignal.timeout: too young for the browsers of a hall.
  const limit = new AbortController();
  let timer = setTimeout(() => limit.abort(), ANSWER_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetch(address(path, params), {
      method,
      credentials: "same-origin",
      signal: limit.signal,
      ...sent,
    });
    clock.sample(response.headers);
    clearTimeout(timer);
    timer = setTimeout(() => limit.abort(), WHOLE_ANSWER_MS);
    text = await response.text();
  } catch (cause) {
    throw errorFromNetwork(cause);
  } finally {
    clearTimeout(timer);
  }
  const answer = parsed(text);
  if (!response.ok) throw errorFrom(response.status, answer);
  if (answer === undefined) throw errorFromStranger();
  return answer as T;
}

/** JSON, or undefined: the page of a proxy or of a guest network is none, nor is an empty answer. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function method<M extends "get" | "post" | "put" | "delete">(name: M) {
  return <P extends Path<M>>(path: P, ...[init]: InitArgs<P, M>): Promise<Answer<P, M>> =>
    call<Answer<P, M>>(name.toUpperCase(), path, (init ?? {}) as Init);
}

/** The portal: `api.get("/api/join/{code}", { params: { path: { code } } })`. Throws ApiError. */
export const api = {
  get: method("get"),
  post: method("post"),
  put: method("put"),
  delete: method("delete"),
};
