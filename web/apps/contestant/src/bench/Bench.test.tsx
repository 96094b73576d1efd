import type { Submission } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { desk } from "../testing/desk";
import { RUN } from "../testing/run";
import { Bench } from "./Bench";

const SUBMISSION = { id: "s1", state: "ready", digest: "ab".repeat(32) } as unknown as Submission;

beforeEach(() => setLanguage("en"));

it("keeps open what is being read when a producer orders another run", async () => {
  const answers: Record<string, { body: unknown }> = { "GET /api/submissions/s1/runs": { body: [RUN] } };
  const { queries } = desk(<Bench submission={SUBMISSION} />, answers);
  expect(await screen.findByText("47")).toBeTruthy();
  answers["GET /api/submissions/s1/runs"] = { body: [{ ...RUN, id: "r2", state: "running", answered: 3 }, RUN] };
  await queries.invalidateQueries({ queryKey: ["runs"] });
  const choice = (await screen.findByRole("combobox", { name: "Run" })) as HTMLSelectElement;
  await waitFor(() => expect(choice.options).toHaveLength(2));
  expect(choice.value).toBe("r1");
  expect(screen.getByText("47")).toBeTruthy();
});
