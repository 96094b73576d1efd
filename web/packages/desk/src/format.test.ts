import { expect, it } from "vitest";
import { bytes } from "./format";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [64 << 10, "64 KiB"],
  [64 << 20, "64 MiB"],
  [1_400_000, "1.34 MiB"],
  [14_000_000, "13.4 MiB"],
  [200_000_000, "191 MiB"],
])("%i bytes are %s", (count, text) => {
  expect(bytes(count)).toBe(text);
});
