import { ApiError, api } from "@gavel/api";
import { beforeEach, expect, it, type MockInstance, vi } from "vitest";
import { asDevice } from "./device";

const lost = () => new ApiError("vote.no_device", "", 401);
let asked: MockInstance;

beforeEach(() => {
  asked = vi.spyOn(api, "post").mockResolvedValue({} as never);
});

it("asks once a page for the device's cookie", async () => {
  expect(await asDevice(async () => 1)).toBe(1);
  expect(await asDevice(async () => 2)).toBe(2);
  expect(asked).toHaveBeenCalledTimes(1);
});

it("gets a new cookie when the browser has lost it, and tries once more", async () => {
  const request = vi.fn(async () => "counted").mockRejectedValueOnce(lost());
  expect(await asDevice(request)).toBe("counted");
  expect(asked).toHaveBeenCalledTimes(1);
  const never = vi.fn(async () => Promise.reject(lost()));
  await expect(asDevice(never)).rejects.toMatchObject({ code: "vote.no_device" });
  expect(never).toHaveBeenCalledTimes(2);
});

it("leaves every other refusal as it is", async () => {
  const closed = new ApiError("vote.window_closed", "", 409);
  await expect(asDevice(async () => Promise.reject(closed))).rejects.toBe(closed);
  expect(asked).not.toHaveBeenCalled();
});
