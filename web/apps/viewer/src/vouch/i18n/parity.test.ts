import { differences } from "@gavel/ui/i18n/parity";
import { expect, it } from "vitest";
import en from "./en.json";
import zh from "./zh.json";

it("has every text in both languages", () => {
  expect(differences(zh, en)).toEqual([]);
});
