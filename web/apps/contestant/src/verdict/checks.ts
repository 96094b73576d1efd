import type { Submission } from "@gavel/api";

/** What each kind is always checked for, in order; whatever else was looked at follows. */
export const CHECKS: Record<Submission["artifact"], string[]> = {
  adapter: ["files", "format", "config", "base", "rank", "shapes", "values", "effect", "similarity"],
  dataset: ["files", "format", "rows", "texts", "personal", "repeats", "overlap"],
  prompt: ["text", "template", "special", "length", "moderation"],
  model: ["files", "format", "model_config", "index", "tensors", "values"],
};
