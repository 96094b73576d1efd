import { match } from "@gavel/ui";

export type Route =
  | { page: "join" }
  | { page: "phone"; code: string }
  | { page: "stage"; episode: string }
  | { page: "race"; race: string }
  | { page: "board"; season: string | null }
  | { page: "episode"; episode: string }
  | { page: "entry"; entry: string }
  | { page: "duel"; duel: string }
  | { page: "speed"; run: string }
  | { page: "how" }
  | { page: "flags"; episode: string | null }
  | { page: "suites" }
  | { page: "suite"; suite: string }
  | { page: "check"; ballot: string }
  | { page: "lost" };

/** The addresses of the audience. */
export function routeOf(path: string): Route {
  if (match("/", path)) return { page: "join" };
  const { code } = match("/s/:code", path) ?? {};
  if (code) return { page: "phone", code: code.toUpperCase() };
  const { episode } = match("/stage/:episode", path) ?? {};
  if (episode) return { page: "stage", episode };
  const { race } = match("/stage/race/:race", path) ?? {};
  if (race) return { page: "race", race };
  if (match("/board", path)) return { page: "board", season: null };
  const { season } = match("/board/:season", path) ?? {};
  if (season) return { page: "board", season };
  const after = match("/board/episode/:episode", path)?.episode;
  if (after) return { page: "episode", episode: after };
  const { entry } = match("/entry/:entry", path) ?? {};
  if (entry) return { page: "entry", entry };
  const { duel } = match("/duel/:duel", path) ?? {};
  if (duel) return { page: "duel", duel };
  const { run } = match("/speed/:run", path) ?? {};
  if (run) return { page: "speed", run };
  if (match("/how", path)) return { page: "how" };
  if (match("/how/flags", path)) return { page: "flags", episode: null };
  const { under } = match("/how/flags/:under", path) ?? {};
  if (under) return { page: "flags", episode: under };
  if (match("/suites", path)) return { page: "suites" };
  const { suite } = match("/suites/:suite", path) ?? {};
  if (suite) return { page: "suite", suite };
  const { ballot } = match("/check/:ballot", path) ?? {};
  if (ballot) return { page: "check", ballot };
  return { page: "lost" };
}
