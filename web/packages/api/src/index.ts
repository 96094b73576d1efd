export { api, upload } from "./client";
export { ApiError } from "./errors";
export { newKey } from "./key";
export type * from "./types";
