import { expect, it } from "vitest";
import { match } from "./router";

it("finds arguments, and only where the whole path fits", () => {
  expect(match("/", "/")).toEqual({});
  expect(match("/submissions/:id", "/submissions/7")).toEqual({ id: "7" });
  expect(match("/submissions/:id", "/submissions/7/")).toEqual({ id: "7" });
  expect(match("/submissions/:id", "/submissions")).toBeNull();
  expect(match("/submissions/:id", "/submissions/7/samples")).toBeNull();
  expect(match("/join/:token", "/join/a%2Fb")).toEqual({ token: "a/b" });
  expect(match("/s/:code", "/s/%E0")).toBeNull();
});
