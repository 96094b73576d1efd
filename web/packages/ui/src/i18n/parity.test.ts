import { expect, it } from "vitest";
import en from "./en.json";
import { differences } from "./parity";
import zh from "./zh.json";

it("has every shared text in both languages", () => {
  expect(differences(zh, en)).toEqual([]);
});

it("finds what differs", () => {
  const zhOnly = { a: "{{n}} 票", b: { c: "" }, d_other: "x" };
  const enOnly = { a: "votes", b: { c: "" }, d_one: "x", d_other: "x", e: "y" };
  expect(differences(zhOnly, enOnly)).toEqual(["placeholders differ: a", "empty: b.c", "zh lacks e"]);
});
