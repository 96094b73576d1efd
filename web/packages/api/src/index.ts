export { api } from "./client";
export { clock } from "./clock";
export { ApiError, errorFrom, errorFromNetwork, errorFromStranger } from "./errors";
export { newKey } from "./key";
export type * from "./types";
