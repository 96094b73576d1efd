import type { Entry, Team } from "@gavel/api";
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ADA, desk, refusal } from "../testing/desk";
import { GiveToTeam } from "./GiveToTeam";
import { JoinTeamPage } from "./JoinTeamPage";
import { TeamPage } from "./TeamPage";

afterEach(() => vi.unstubAllGlobals());

const at = "2026-11-21T12:00:00Z";
const member = (person_id: string, name: string, captain: boolean) => ({ person_id, name, captain, joined_at: at });
const team = (captain: string, invitations: Team["invitations"] = []): Team => ({
  id: "t1",
  name: "Polaris Squad",
  captain_id: captain,
  members: [member(ADA.id, "Ada", captain === ADA.id), member("bob", "Bob", captain === "bob")],
  max_members: 8,
  invitations,
});
const answers = (mine: Team | null) => ({ "GET /api/team": { body: mine } });
const press = (name: string | RegExp) => fireEvent.click(screen.getByRole("button", { name }));

it("founds a team", async () => {
  const { deeds } = desk(<TeamPage />, { ...answers(null), "POST /api/team": { status: 201, body: team(ADA.id) } });
  fireEvent.change(await screen.findByLabelText("Team name"), { target: { value: " Polaris Squad " } });
  fireEvent.submit(screen.getByRole("button").closest("form") as HTMLFormElement);
  await waitFor(() => expect(deeds()).toEqual([["POST", "/api/team", '{"name":"Polaris Squad"}']]));
});

it("gives a captain the link once, and the means to take it back", async () => {
  const url = "http://show.example/contestant/team/join/secret";
  const { deeds } = desk(<TeamPage />, {
    ...answers(team(ADA.id, [{ id: "i1", created_at: at, expires_at: at }])),
    "POST /api/team/invitations": { status: 201, body: { url, token: "secret", expires_at: at } },
    "DELETE /api/team/invitations/i1": { body: { ok: true } },
  });
  fireEvent.click(await screen.findByRole("button", { name: "Make an invitation link" }));
  await screen.findByText(url);
  press(/^Take back/);
  await waitFor(() => expect(screen.queryByText(url)).toBeNull());
  expect(deeds().at(-1)).toEqual(["DELETE", "/api/team/invitations/i1", null]);
});

it("asks before the captaincy goes to another", async () => {
  const { deeds } = desk(<TeamPage />, {
    ...answers(team(ADA.id)),
    "PUT /api/team/captain": { body: team("bob") },
  });
  fireEvent.click(await screen.findByRole("button", { name: "Make captain: Bob" }));
  expect(deeds()).toEqual([]);
  fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Make captain" }));
  await waitFor(() => expect(deeds()).toEqual([["PUT", "/api/team/captain", '{"person_id":"bob"}']]));
});

it("says what has to be withdrawn before a team can end", async () => {
  desk(<TeamPage />, {
    ...answers(team(ADA.id)),
    "DELETE /api/team": refusal("team.competes", 409, { entries: "“Lantern”" }),
  });
  fireEvent.click(await screen.findByRole("button", { name: "Disband the team" }));
  fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Disband the team" }));
  expect((await screen.findByRole("alert")).textContent).toContain("still competes with “Lantern”");
});

it("lets a member leave, and decide nothing", async () => {
  desk(<TeamPage />, answers(team("bob")));
  await screen.findByRole("button", { name: "Leave the team" });
  expect(screen.getAllByRole("button")).toHaveLength(1);
});

it("joins by a link that works", async () => {
  const { deeds } = desk(<JoinTeamPage token="secret" />, {
    ...answers(null),
    "GET /api/team-invitations/secret": {
      body: { team: "Polaris Squad", captain: "Bob", expires_at: at, valid: true },
    },
    "POST /api/team-invitations/secret/accept": { body: team("bob") },
  });
  fireEvent.click(await screen.findByRole("button", { name: "Join as Ada" }));
  await waitFor(() => expect(deeds()).toEqual([["POST", "/api/team-invitations/secret/accept", null]]));
});

it.each([
  ["unknown", refusal("invitation.unknown", 404)],
  ["used", { body: { team: "Polaris Squad", captain: "Bob", expires_at: at, valid: false } }],
])("says so when the link is %s", async (_, answer) => {
  desk(<JoinTeamPage token="secret" />, { ...answers(null), "GET /api/team-invitations/secret": answer });
  await screen.findByRole("heading", { name: "This invitation link does not work any more" });
});

it("offers an entry of the captain's own to the team, and only that", async () => {
  const entry = { id: "e1", name: "Lantern", team: null } as Entry;
  const { deeds } = desk(<GiveToTeam entry={entry} />, {
    ...answers(team(ADA.id)),
    "POST /api/entries/e1/team": { body: {} },
  });
  fireEvent.click(await screen.findByRole("button", { name: "Give it to “Polaris Squad”" }));
  fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Give it to the team" }));
  await waitFor(() => expect(deeds()).toEqual([["POST", "/api/entries/e1/team", null]]));
});
