import { differences } from "@gavel/ui/i18n/parity";
import { expect, it } from "vitest";
import en from "./en.json";
import flagsEn from "./flags.en.json";
import flagsZh from "./flags.zh.json";
import zh from "./zh.json";

it("has every text in both languages", () => {
  expect(differences(zh, en)).toEqual([]);
  expect(differences(flagsZh, flagsEn)).toEqual([]);
});
