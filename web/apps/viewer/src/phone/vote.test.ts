import { ApiError, type Choice, type MyVote } from "@gavel/api";
import { expect, it, vi } from "vitest";
import { type Polls, send, type Vote } from "./vote";

const receipt = { number: 7, leaf: "ab", nonce: "cd", at: "2026-11-21T12:00:00Z" };
const offline = () => new ApiError("network.offline", "", 0);
const closed = () => new ApiError("vote.window_closed", "", 409);

function polls(over: Partial<Polls> = {}): Polls {
  return {
    mine: vi.fn(async () => null),
    cast: vi.fn(async () => receipt),
    open: () => true,
    sleep: vi.fn(async () => {}),
    ...over,
  };
}

async function told(world: Polls, choice: Choice = "left") {
  const steps: Vote[] = [];
  const end = await send(world, choice, "key", (vote) => steps.push(vote));
  return { end, steps: steps.map((vote) => vote.step) };
}

it("is counted only with the receipt", async () => {
  const { end, steps } = await told(polls());
  expect(steps).toEqual(["sending"]);
  expect(end).toEqual({ step: "counted", choice: "left", receipt, again: false });
});

it("tries again with the same key while the window is open", async () => {
  const cast = vi.fn<Polls["cast"]>().mockRejectedValueOnce(offline()).mockRejectedValueOnce(offline());
  cast.mockResolvedValue(receipt);
  const { end, steps } = await told(polls({ cast }));
  expect(steps).toEqual(["sending", "sending", "sending"]);
  expect(cast.mock.calls.map(([, key]) => key)).toEqual(["key", "key", "key"]);
  expect(end.step).toBe("counted");
});

it("asks the server what became of a vote that got no answer before the close", async () => {
  let left = 2;
  const mine: MyVote = { ballot_id: "b", choice: "left", receipt };
  const world = polls({
    cast: vi.fn(async () => Promise.reject(offline())),
    mine: vi.fn(async () => mine),
    open: () => left-- > 0,
  });
  expect((await told(world)).end).toMatchObject({ step: "counted", again: false });
});

it("says so when it was not counted", async () => {
  const world = polls({ cast: vi.fn(async () => Promise.reject(offline())), open: () => false });
  expect((await told(world)).end).toMatchObject({ step: "refused", error: { code: "vote.window_closed" } });
  const late = polls({ cast: vi.fn(async () => Promise.reject(closed())) });
  expect((await told(late)).end).toMatchObject({ step: "refused", error: { code: "vote.window_closed" } });
});

it("is unsure until the server can be asked", async () => {
  const mine = vi.fn<Polls["mine"]>().mockRejectedValueOnce(offline()).mockResolvedValue(null);
  const world = polls({ cast: vi.fn(async () => Promise.reject(offline())), mine, open: () => false });
  const { end, steps } = await told(world);
  expect(steps).toEqual(["sending", "unsure"]);
  expect(end.step).toBe("refused");
});

it("claims nothing when the server will not say", async () => {
  const refused = new ApiError("vote.judges_judge", "", 403);
  const world = polls({
    cast: vi.fn(async () => Promise.reject(offline())),
    mine: vi.fn(async () => Promise.reject(refused)),
    open: () => false,
  });
  expect((await told(world)).end).toEqual({ step: "unknown", error: refused });
});

it("shows the vote that counts when a second one is refused", async () => {
  const world = polls({
    cast: vi.fn(async () => Promise.reject(new ApiError("vote.already_cast", "", 409))),
    mine: vi.fn(async (): Promise<MyVote> => ({ ballot_id: "b", choice: "right", receipt })),
  });
  expect((await told(world, "left")).end).toEqual({ step: "counted", choice: "right", receipt, again: true });
});
