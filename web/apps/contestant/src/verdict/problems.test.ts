import type { Check } from "@gavel/api";
import { expect, it } from "vitest";
import en from "../i18n/en.json";
import { CHECKS } from "./checks";
import { countOf, moreOf, problemsOf } from "./problems";

const misshapen = (module: string) => ({ code: "adapter.shape_mismatch", message: "m", detail: { module } });
const check: Check = {
  code: "shapes",
  status: "refused",
  detail: { problems: [misshapen("a"), misshapen("b"), { code: "adapter.empty", message: "n" }], total: 40 },
};

it("tells the same problem once, with all its places", () => {
  expect(problemsOf(check)).toEqual([
    { code: "adapter.shape_mismatch", message: "m", detail: { module: "a" }, places: ["a", "b"] },
    { code: "adapter.empty", message: "n", detail: {}, places: [] },
  ]);
  expect(problemsOf({ code: "files", status: "passed", detail: {} })).toEqual([]);
});

it("counts what is not listed, too", () => {
  expect(moreOf(check)).toBe(37);
  expect(moreOf({ code: "files", status: "passed", detail: {} })).toBe(0);
  expect(countOf([check, { code: "files", status: "passed", detail: {} }])).toBe(40);
});

it("has words for every check", () => {
  const codes = [...Object.values(CHECKS).flat(), "context"];
  expect(codes.filter((code) => !(code in en.check))).toEqual([]);
});
