import { expect, it } from "vitest";
import { readCode } from "./code";

it.each([
  ["k7m4qx", "K7M4QX", false],
  [" K7M-4QX ", "K7M4QX", false],
  ["Ｋ７Ｍ４ＱＸ", "K7M4QX", false],
  ["https://gavel.example/s/K7M4QX?lang=en", "K7M4QX", false],
  ["K7M4QXZZ", "K7M4QX", false],
  ["KO", "K", true],
  ["", "", false],
])("%j", (text, code, lookalike) => {
  expect(readCode(text)).toEqual({ code, lookalike });
});
