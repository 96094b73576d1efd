import { ApiError, api } from "@gavel/api";
import { render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { remember } from "../shared/remember";
import CheckPage from "./CheckPage";
import FlagsPage from "./FlagsPage";
import made from "./proof.sample.json";

const { vote, proof } = made;
let online = true;
let ballot = 0;
let mine: unknown = null;
let flags: unknown = null;

beforeEach(() => {
  online = true;
  mine = null;
  flags = null;
  ballot += 1;
  location.hash = "";
  vi.spyOn(api, "get").mockImplementation((async (path: string) => {
    if (!online) throw new Error("offline");
    if (path.endsWith("/flags")) {
      if (flags) return flags;
      throw new ApiError("ballot.not_published", "", 403);
    }
    if (path.endsWith("{ballot_id}"))
      return { episode_id: "old", config: { options: [{ id: "q1", zh: "月亮", en: "The moon" }] } };
    return path.endsWith("/my-vote") ? mine : proof;
  }) as never);
});

it("shows each step in words, and the command that counts everything again", async () => {
  remember(`vote.b${ballot}`, vote);
  remember(`root.b${ballot}`, proof.root);
  render(<CheckPage ballot={`b${ballot}`} />);
  await screen.findByText("Your vote is in the counted ledger");
  expect(screen.getByText(/3 hashes lead from your leaf to the root over all 5 lines/)).toBeTruthy();
  expect(screen.getByText(/fingerprint that was on air before/)).toBeTruthy();
  expect(screen.getByText(new RegExp(`--root ${proof.root}`))).toBeTruthy();
  expect(screen.getByText(/“Both bad”|“Both are bad”|tap 2/)).toBeTruthy();
});

it("holds it against the root that the code on the big screen carries", async () => {
  remember(`vote.b${ballot}`, vote);
  location.hash = `#${"0".repeat(64)}`;
  render(<CheckPage ballot={`b${ballot}`} />);
  await screen.findByText("Something does not match");
  expect(screen.getByText(/On air was another fingerprint: 0000 0000/)).toBeTruthy();
});

it("works from the saved proof without a connection", async () => {
  remember(`vote.b${ballot}`, vote);
  remember(`proof.b${ballot}`, proof);
  online = false;
  render(<CheckPage ballot={`b${ballot}`} />);
  await screen.findByText("Your vote is in the counted ledger");
  expect(screen.getByText(/There is no connection/)).toBeTruthy();
});

it("says when it kept nothing itself", async () => {
  mine = vote;
  render(<CheckPage ballot={`b${ballot}`} />);
  await screen.findByText(/asked of the server just now/);
  expect(await screen.findByText(/did not see the fingerprint/)).toBeTruthy();
});

it("says when there was no vote", async () => {
  render(<CheckPage ballot={`b${ballot}`} />);
  await screen.findByText(/has kept no receipt of a vote/);
});

it("says how many votes stand aside and by which rule, each with the way to its words, once the result is out", async () => {
  render(<CheckPage ballot="sealed" />);
  expect(await screen.findByText(/Once the result is out/)).toBeTruthy();
  document.body.replaceChildren();
  flags = { voters: 46, counted: 20, flagged: 26, rules: [{ rule: "cohort", flagged: 26, cleared: 0 }], wishes: [] };
  render(<CheckPage ballot="out" />);
  const rule = await screen.findByRole("link", { name: "Came together and are of one mind" });
  expect(rule.getAttribute("href")).toBe("/how/flags/old#cohort");
  expect(rule.nextSibling?.textContent).toBe("26");
  expect(screen.getByText(/46 voters, 20 of them counted\. 26 were flagged/)).toBeTruthy();
});

it("names what was chosen in the words of the question", async () => {
  mine = { ...vote, choice: "q1" };
  render(<CheckPage ballot={`b${ballot}`} />);
  expect(await screen.findByText(/“The moon”, tap/)).toBeTruthy();
});

it("says the numbers of the season that the vote belonged to", async () => {
  const get = vi.mocked(api.get).mockImplementation((async () => ({ flags: null, rules_digest: "d" })) as never);
  render(<FlagsPage episode="old" />);
  await screen.findByText(/has declared no such rules/);
  expect(get).toHaveBeenCalledWith("/api/episodes/{episode_id}/season", { params: { path: { episode_id: "old" } } });
});
