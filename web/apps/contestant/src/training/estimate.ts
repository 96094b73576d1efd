import type { TrainingEstimate, TrainingOptions, TrainingSpec } from "@gavel/api";

type Known = Pick<TrainingOptions, "budget" | "rows" | "tokens_per_row">;

/**
 * About what a run takes, as the portal reckons it for its presets: until the first of its budgets is used up. Without a
 * measured pace nobody knows the time.
 */
export function estimateOf(
  { batch_size }: Pick<TrainingSpec, "batch_size">,
  { budget, rows, tokens_per_row }: Known,
  pace: number | null,
): TrainingEstimate {
  const perStep = batch_size * tokens_per_row;
  const within = (steps: number) => Math.max(1, Math.floor(steps));
  const counted = within(Math.min(budget.steps, budget.tokens / perStep));
  const steps = pace ? within(Math.min(counted, (budget.seconds * pace) / perStep)) : counted;
  return {
    steps,
    rows: steps * batch_size,
    passes: (steps * batch_size) / Math.max(1, rows),
    tokens: steps * perStep,
    seconds: pace ? (steps * perStep) / pace : null,
  };
}
