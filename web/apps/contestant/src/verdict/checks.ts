import type { Submission } from "@gavel/api";

/** What each kind is always checked for, in order; whatever else was looked at follows. */
export const CHECKS: Record<Submission["artifact"], string[]> = {
  adapter: [
    "files",
    "format",
    "config",
    "base",
    "rank",
    "shapes",
    "values",
    "effect",
    "similarity",
    "reference",
    "engine",
  ],
  dataset: ["files", "format", "rows", "texts", "personal", "repeats", "overlap", "similarity"],
  prompt: ["text", "template", "special", "length", "moderation", "similarity"],
  model: ["files", "format", "model_config", "index", "tensors", "values", "similarity"],
};
