import { ApiError, type MyVote } from "@gavel/api";
import { expect, it, vi } from "vitest";
import { type Polls, send, type Vote } from "./vote";

const receipt = { shard: 0, seq: 6, leaf: "ab", nonce: "cd", at: "2026-11-21T12:00:00.000000Z" };
const counted = (n: number, choice = "left"): MyVote => ({ ballot_id: "b", choice, n, receipt });
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

async function told(world: Polls, choice = "left", n = 1) {
  const steps: Vote[] = [];
  const end = await send(world, { choice, n }, (vote) => steps.push(vote));
  return { end, steps: steps.map((vote) => vote.step) };
}

it("is counted only with the receipt", async () => {
  const { end, steps } = await told(polls());
  expect(steps).toEqual(["sending"]);
  expect(end).toEqual({ step: "counted", choice: "left", n: 1, receipt });
});

it("tries again with the same count while the window is open", async () => {
  const cast = vi.fn<Polls["cast"]>().mockRejectedValueOnce(offline()).mockRejectedValueOnce(offline());
  cast.mockResolvedValue(receipt);
  const { end, steps } = await told(polls({ cast }));
  expect(steps).toEqual(["sending", "sending", "sending"]);
  expect(cast.mock.calls.map(([pending]) => pending)).toEqual(Array(3).fill({ choice: "left", n: 1 }));
  expect(end.step).toBe("counted");
});

it("asks the server what became of a vote that got no answer before the close", async () => {
  let left = 2;
  const world = polls({
    cast: vi.fn(async () => Promise.reject(offline())),
    mine: vi.fn(async () => counted(1)),
    open: () => left-- > 0,
  });
  expect((await told(world)).end).toMatchObject({ step: "counted", n: 1 });
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

it("waits as long as the server asks for", async () => {
  const busy = new ApiError("vote.busy", "", 429, { retry_ms: 1_000 });
  const cast = vi.fn<Polls["cast"]>().mockRejectedValueOnce(busy).mockResolvedValue(receipt);
  const sleep = vi.fn(async () => {});
  await told(polls({ cast, sleep }));
  const [waited] = sleep.mock.calls[0] as unknown as [number];
  expect(waited).toBeGreaterThanOrEqual(800);
  expect(waited).toBeLessThanOrEqual(1_200);
});

it("shows the newer vote when an older one comes too late", async () => {
  const world = polls({
    cast: vi.fn(async () => Promise.reject(new ApiError("vote.superseded", "", 409))),
    mine: vi.fn(async () => counted(2, "right")),
  });
  expect((await told(world, "left")).end).toMatchObject({ step: "counted", choice: "right", n: 2 });
});

it("says which vote stands when a change was not counted", async () => {
  const world = polls({
    cast: vi.fn(async () => Promise.reject(closed())),
    mine: vi.fn(async () => counted(1, "left")),
  });
  expect((await told(world, "right", 2)).end).toMatchObject({
    step: "refused",
    choice: "right",
    stands: { choice: "left", n: 1 },
  });
});
