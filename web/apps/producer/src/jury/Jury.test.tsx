import { api, type JudgingReport } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import "../i18n";
import { JuryPage } from "./JuryPage";

const REPORT = {
  duels: 12,
  nominal: { value: 0.41, low: 0.2, high: 0.6, units: 11 },
  interval: null,
  judges: [
    {
      name: "Judy",
      verdicts: 12,
      second_looks: 2,
      changed: 1,
      skips: 0,
      left_seen: 0.75,
      ties: 0.1,
      agrees: 0.5,
      strictness: { correct: -0.4 },
      seconds: 31.5,
      calibration: { gold: 4, right: 3, repeats: 2, steady: 2 },
    },
  ],
  models: [{ id: "a", model: "m-a", verdicts: 9, abstained: { flip: 3 }, agrees: 0.8 }],
} as JudgingReport;
const JURY = {
  ballot_id: "b",
  second_look_until: null,
  jurors: [
    { name: "Judy", state: "given", reason: null, rest: "many" },
    { name: "Jo", state: "barred", reason: "recognised", rest: null },
  ],
};

beforeEach(() => {
  vi.restoreAllMocks();
  setLanguage("en");
});

function show(report = REPORT) {
  const answers: Record<string, unknown> = {
    "/api/episodes": [{ id: "e", number: 3, title: "Three", state: "live" }],
    "/api/episodes/{episode_id}/duels": [{ id: "d", number: 7 }],
    "/api/duels/{duel_id}/jury": JURY,
    "/api/judging/report": report,
    "/api/judging/conflicts/all": [],
    "/api/judging/calibration": [],
  };
  vi.spyOn(api, "get").mockImplementation((async (path: string) => answers[path]) as unknown as typeof api.get);
  const post = vi.spyOn(api, "post").mockResolvedValue({ ok: true } as never);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <JuryPage />
    </QueryClientProvider>,
  );
  return post;
}

it("says how far each judge is and who should rest, and nothing of what they say", async () => {
  show({ ...REPORT, duels: 0, judges: [], models: [] });
  expect(await screen.findByText("On stage: duel 7")).toBeTruthy();
  expect(screen.getByText("Submitted")).toBeTruthy();
  expect(screen.getByText("Many in a row: a break is due")).toBeTruthy();
  expect(screen.getByText("Recognised an entry")).toBeTruthy();
  expect(await screen.findByText("No duel has been revealed yet.")).toBeTruthy();
});

it("shows agreement with its interval, and how judges and models lean", async () => {
  show();
  expect(await screen.findByText("0.41")).toBeTruthy();
  expect(screen.getByText("95 %: 0.20 to 0.60, 11 duels")).toBeTruthy();
  const row = screen.getByRole("row", { name: /^Judy/ });
  expect([...row.querySelectorAll("td")].map((cell) => cell.textContent)).toEqual([
    "12",
    "0",
    "75%",
    "10%",
    "50%",
    "32",
    "3 / 4",
    "2 / 2",
    "1 / 2",
    "-0.4",
  ]);
  expect(screen.getByText("flipped 3")).toBeTruthy();
});

it("takes no practice pair that would measure nothing", async () => {
  const post = show();
  for (const name of ["Prompt", "Left answer", "Right answer"]) {
    fireEvent.change(await screen.findByLabelText(name), { target: { value: "words" } });
  }
  const add = screen.getByRole<HTMLButtonElement>("button", { name: "Add" });
  expect(add.disabled).toBe(true);
  fireEvent.change(screen.getByLabelText("Each judge"), { target: { value: "2" } });
  expect(add.disabled).toBe(false);
  fireEvent.click(add);
  const body = { prompt: "words", left: "words", right: "words", why: "", gold: null, times: 2 };
  await waitFor(() => expect(post).toHaveBeenCalledWith("/api/judging/calibration", { body }));
});
