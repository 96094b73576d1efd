import { api, type Desk, type DeskBallot, type Program } from "@gavel/api";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { Ballots } from "./Ballots";
import { SecondPerson } from "./SecondPerson";

const later = new Date(Date.now() + 60_000).toISOString();

function ballot(change: object): DeskBallot {
  return {
    id: "b",
    kind: "question",
    state: "open",
    config: {
      question_zh: "问什么？",
      question_en: "What next?",
      options: [
        { id: "q1", zh: "月亮", en: "The moon" },
        { id: "q2", zh: "海", en: "The sea" },
      ],
      channels: [{ id: "hall", delay_seconds: 0 }],
    },
    digest: "d".repeat(64),
    opens_at: later,
    closes_at: later,
    voters: 12,
    count: null,
    alarm: null,
    agreed: null,
    reason: null,
    triggered_at: null,
    ...change,
  } as unknown as DeskBallot;
}

function show(...ballots: DeskBallot[]) {
  const desk = { phase: "idle", episode: { id: "e" }, ballots } as unknown as Desk;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Ballots desk={desk} serverNow={Date.now} />
    </QueryClientProvider>,
  );
}

const steps = () => screen.getAllByRole("button").map((one) => one.textContent);

beforeAll(() => {
  HTMLDialogElement.prototype.showModal ??= function show(this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close ??= () => undefined;
});

beforeEach(() => {
  vi.restoreAllMocks();
});

it("says how many, never which way, while it is open, and that closing early takes two", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue({} as never);
  show(ballot({}));
  expect(screen.getByText("12 voters counted")).toBeTruthy();
  expect(screen.queryByText("The moon")).toBeNull();
  expect(screen.getByText(/To close early takes two/)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Agree to close early" }));
  await vi.waitFor(() => expect(post).toHaveBeenCalledOnce());
  expect(post.mock.calls[0]?.[0]).toBe("/api/ballots/{ballot_id}/shorten");
});

it("lets a moderator be the second person, and move nothing on", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue({} as never);
  const alarm = { differs: [] };
  const program = { ballots: [ballot({}), ballot({ id: "2", state: "counting", alarm })] } as unknown as Program;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <SecondPerson program={program} serverNow={Date.now} />
    </QueryClientProvider>,
  );
  expect(steps()).toEqual(["Agree to close early"]);
  fireEvent.click(screen.getByRole("button"));
  await vi.waitFor(() => expect(post).toHaveBeenCalledOnce());
  expect(post.mock.calls[0]?.[0]).toBe("/api/ballots/{ballot_id}/shorten");
});

it("offers to each state its own steps, and to the vote on a duel none but void", () => {
  show(ballot({ id: "1", state: "draft", digest: null, opens_at: null, closes_at: null }));
  expect(steps()).toEqual(["Arm: fix it", "Declare void", "Prepare a vote"]);
  document.body.replaceChildren();
  show(ballot({ id: "2", kind: "duel", state: "certified" }));
  expect(steps()).toEqual(["Declare void", "Prepare a vote"]);
  document.body.replaceChildren();
  show(ballot({ id: "3", state: "certified" }));
  expect(steps()).toEqual(["Show the result", "Prepare a vote"]);
});

it("shows the signed count with its flagged votes, and names where two counts differ", () => {
  const count = { counted: { q1: 3, q2: 8 }, flagged: { q1: 1, q2: 0 }, levels: {}, seats: {} };
  const differs = [{ what: "head", shard: 0, seq: 4, written: "aa", counted: "bb" }];
  show(ballot({ state: "certified", count }), ballot({ id: "2", state: "counting", alarm: { differs } }));
  expect(screen.getByText("The sea").nextSibling?.textContent).toBe("8");
  expect(screen.getByText("Flagged, not counted").nextSibling?.textContent).toBe("1");
  expect(screen.getByRole("alert").textContent).toContain("A line was changed #4");
  expect(screen.getByRole("button", { name: "Count again" })).toBeTruthy();
});

it("declares void with a reason alone", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue({} as never);
  show(ballot({}));
  fireEvent.click(screen.getByRole("button", { name: "Declare void" }));
  const sure = screen.getAllByRole("button", { name: "Declare void", hidden: true }).at(-1) as HTMLButtonElement;
  expect(sure.disabled).toBe(true);
  fireEvent.change(screen.getByRole("textbox", { hidden: true }), { target: { value: "Read out wrongly." } });
  fireEvent.click(sure);
  await vi.waitFor(() => expect(post).toHaveBeenCalledOnce());
  expect(post.mock.calls[0]?.[1]).toMatchObject({ body: { reason: "Read out wrongly." } });
});
