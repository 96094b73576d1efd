import { expect, it } from "vitest";
import en from "./en.json";
import { differences } from "./parity";
import zh from "./zh.json";

it("has every shared text in both languages", () => {
  expect(differences(zh, en)).toEqual([]);
});

it("finds what differs", () => {
  const zhOnly = { a: "{{n}} 票", b: { c: "" }, d_other: "x", f_other: "x" };
  const enOnly = { a: "votes", b: { c: "" }, d_one: "x", d_other: "x", e: "y", f_other: "x" };
  const found = ["placeholders differ: a", "empty: b.c", "zh lacks e", "en lacks f_one"];
  expect(differences(zhOnly, enOnly)).toEqual(found);
});
