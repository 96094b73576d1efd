import { expect, it, vi } from "vitest";
import { deliver } from "./deliver";

const lost = new Error("lost");
const gone = async () => Promise.reject(lost);
const unsure = (error: unknown) => error === lost;

it("goes to what was sent", async () => {
  const look = vi.fn();
  expect(await deliver(async () => "v1", look, unsure)).toBe("v1");
  expect(look).not.toHaveBeenCalled();
});

it("looks whether the version arrived before it says that it failed", async () => {
  expect(await deliver(gone, async () => "v1", unsure)).toBe("v1");
  await expect(deliver(gone, async () => null, unsure)).rejects.toBe(lost);
  await expect(deliver(gone, gone, unsure)).rejects.toBe(lost);
});

it("believes a refusal", async () => {
  const look = vi.fn();
  await expect(deliver(() => Promise.reject(new Error("full")), look, unsure)).rejects.toThrow("full");
  expect(look).not.toHaveBeenCalled();
});

it("does not send the same files again when an earlier try did arrive", async () => {
  const send = vi.fn(async () => "v2");
  expect(await deliver(send, async () => "v1", unsure, true)).toBe("v1");
  await expect(deliver(send, gone, unsure, true)).rejects.toBe(lost);
  expect(send).not.toHaveBeenCalled();
  expect(await deliver(send, async () => null, unsure, true)).toBe("v2");
});
