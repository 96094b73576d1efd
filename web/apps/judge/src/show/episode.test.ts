import type { Episode } from "@gavel/api";
import { expect, it } from "vitest";
import { pick } from "./episode";

function episode(number: number, state: Episode["state"]): Episode {
  return { id: `e${number}`, season_id: "s", number, title: "", code: "ABCDEF", state };
}

it("goes to the show that is on, not to next week's", () => {
  expect(pick([episode(4, "planned"), episode(3, "live"), episode(2, "live")])?.number).toBe(3);
});

it("waits for the next show, and stays at the last one when nothing is planned", () => {
  expect(pick([episode(4, "finished"), episode(3, "planned")])?.number).toBe(3);
  expect(pick([episode(4, "finished"), episode(3, "finished")])?.number).toBe(4);
  expect(pick([])).toBeNull();
});
