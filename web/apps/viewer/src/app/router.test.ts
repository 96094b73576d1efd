import { expect, it } from "vitest";
import { routeOf } from "./router";

it.each([
  ["/", { page: "join" }],
  ["/s/k7m4qx", { page: "phone", code: "K7M4QX" }],
  ["/s/", { page: "lost" }],
  ["/s/%E0", { page: "lost" }],
  ["/stage/0199-a", { page: "stage", episode: "0199-a" }],
  ["/stage/race/0199-a", { page: "race", race: "0199-a" }],
  ["/stage/race/", { page: "stage", episode: "race" }],
  ["/board", { page: "board", season: null }],
  ["/board/0199-b/", { page: "board", season: "0199-b" }],
  ["/speed/0199-c", { page: "speed", run: "0199-c" }],
  ["/speed", { page: "lost" }],
  ["/how/flags", { page: "flags", episode: null }],
  ["/how/flags/0199-g", { page: "flags", episode: "0199-g" }],
  ["/how", { page: "how" }],
  ["/suites", { page: "suites" }],
  ["/suites/reasoning", { page: "suite", suite: "reasoning" }],
  ["/suites/a/b", { page: "lost" }],
  ["/entry/0199-e", { page: "entry", entry: "0199-e" }],
  ["/board/episode/0199-f", { page: "episode", episode: "0199-f" }],
  ["/board/a/b", { page: "lost" }],
  ["/duel/0199-c", { page: "duel", duel: "0199-c" }],
  ["/duel/", { page: "lost" }],
  ["/else", { page: "lost" }],
])("%s", (path, route) => {
  expect(routeOf(path)).toEqual(route);
});
