/** The body of every refusal: `{"error": {"code", "message", "detail"}}`. */
interface ErrorBody {
  error: { code: string; message: string; detail?: Record<string, unknown> };
}

/**
 * What went wrong, by a stable code that the catalogs translate (`error.<code>`).
 * `status` is 0 when no answer came: the code is then `network.offline`.
 */
export class ApiError extends Error {
  readonly code: string;
  readonly detail: Record<string, unknown>;
  readonly status: number;

  constructor(code: string, message: string, status: number, detail: Record<string, unknown> = {}) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.detail = detail;
  }

  /** True when the same request may succeed later without any change. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function isErrorBody(body: unknown): body is ErrorBody {
  const error = (body as ErrorBody | null)?.error;
  return typeof error === "object" && error !== null && typeof error.code === "string";
}

/** An error from an answer whose body may be ours, a proxy's page, or empty. */
export function errorFrom(status: number, body: unknown): ApiError {
  if (isErrorBody(body)) {
    const { code, message, detail } = body.error;
    return new ApiError(code, message, status, detail ?? {});
  }
  const code = status >= 500 ? "server.unavailable" : `http.${status}`;
  return new ApiError(code, `The server answered ${status}`, status);
}

/** An error from an answer that says "fine" and is not ours: the sign-in page of a guest network, for one. */
export function errorFromStranger(): ApiError {
  return new ApiError("server.unavailable", "This answer did not come from the portal", 502);
}

/** An error from a request that got no answer at all. */
export function errorFromNetwork(cause: unknown): ApiError {
  const error = new ApiError("network.offline", "No connection to the server", 0);
  error.cause = cause;
  return error;
}
