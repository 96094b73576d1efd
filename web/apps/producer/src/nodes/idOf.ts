import type { EngineNode } from "@gavel/api";

/** Tells apart what is of one class. The end of an id, because its beginning is the time of joining. */
export const idOf = ({ id }: Pick<EngineNode, "id">) => id.slice(-6);
