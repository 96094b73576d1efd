/**
 * The portal's HTTP surface, written by hand in the shape that openapi-typescript gives.
 *
 * `npm run generate` writes `schema.d.ts` from `openapi.json`; then only the import of `paths` in
 * `client.ts` and the names below change. Times are ISO 8601 UTC strings, ids are UUID strings.
 */

export type Choice = "left" | "right" | "tie" | "both_bad";
export type SideName = "left" | "right";
export type Role = "contestant" | "producer" | "judge" | "moderator" | "auditor" | "operator";

export interface Me {
  id: string;
  email: string;
  display_name: string;
  roles: Role[];
}

export interface Track {
  base_model: string;
  hardware_class: string;
  max_rank: number;
  max_bytes: number;
  template_digest: string;
}

export interface Season {
  id: string;
  name: string;
  track: Track;
  suite: string;
  weights: { judges: number; crowd: number };
}

export interface Episode {
  id: string;
  season_id: string;
  number: number;
  title: string;
  code: string;
  state: string;
}

export type SubmissionState = "received" | "verifying" | "verified" | "refused" | "benchmarking" | "ready" | "failed";

export interface Check {
  code: string;
  status: "passed" | "warning" | "refused" | "pending";
  detail: Record<string, unknown>;
}

export interface Progress {
  done: number;
  total: number;
  note: string;
}

export interface Score {
  suite: string;
  task: string;
  value: number;
  stderr: number;
  chance: number;
  n: number;
}

export interface Submission {
  id: string;
  entry_id: string;
  entry_name: string;
  version: number;
  state: SubmissionState;
  checks: Check[];
  refusal: { code: string; message: string } | null;
  digest: string | null;
  size_bytes: number;
  progress: Progress | null;
  waiting: { reason: string; position: number | null; deadline: string | null } | null;
  scores: Score[];
  created_at: string;
}

export interface Entry {
  id: string;
  name: string;
  submissions: Submission[];
}

export interface RosterItem {
  entry_id: string;
  name: string;
  kind: "house" | "contestant";
  submission_id: string | null;
  digest: string | null;
  ready: boolean;
}

export interface Sample {
  task: string;
  index: number;
  question: string;
  expected: string;
  answer: string;
  correct: boolean;
}

export interface Suite {
  id: string;
  name: string;
  version: string;
  digest: string;
  seed: number;
  families: { name: string; items: number; chance: number }[];
}

export interface EngineNode {
  id: string;
  url: string;
  state: string;
  detail: string;
  progress: Progress | null;
  hardware_class: string;
  base_model: string;
  engine_build: string;
  adapters: number;
  lease: { kind: string; subject: string; until: string } | null;
  seen_at: string;
}

export interface DuelSide {
  text: string;
  tokens: number;
  finished: boolean;
  finish_reason: string | null;
  entry: { id: string; name: string } | null;
}

export type DuelState = "queued" | "loading" | "live" | "answered" | "failed";

export interface Duel {
  id: string;
  episode_id: string;
  number: number;
  prompt: string;
  state: DuelState;
  reason: string | null;
  revealed: boolean;
  left: DuelSide;
  right: DuelSide;
}

export type Command =
  | { type: "start_duel"; prompt: string; entry_a: string; entry_b: string; seed?: number }
  | { type: "open_vote"; seconds: number }
  | { type: "lock_vote" }
  | { type: "reveal" }
  | { type: "finish" };

export interface Receipt {
  seq: number;
  leaf: string;
  at: string;
}

export interface MyVote {
  choice: Choice;
  receipt: Receipt;
}

export interface Verdict {
  choice: Choice;
  note: string;
  receipt?: Receipt;
}

export interface Ledger {
  root: string;
  size: number;
  leaves: string[];
}

export interface BoardRow {
  rank: number | null;
  entry_id: string;
  name: string;
  kind: "house" | "contestant";
  rating: number | null;
  lo: number | null;
  hi: number | null;
  accuracy: { value: number; stderr: number } | null;
  speed: null;
  state: string;
}

export interface Board {
  season_id: string;
  version: number;
  computed_at: string | null;
  duels: number;
  rows: BoardRow[];
  close_call: boolean;
}

/* ---- live channel states ---- */

export type Phase = "idle" | "duel" | "vote" | "locked" | "revealed" | "finished";
export type Tally = Record<Choice, number>;

export interface StageSide {
  text: string;
  tokens: number;
  finished: boolean;
}

export interface StageBallot {
  id: string;
  state: "open" | "locked";
  opens_at: string;
  closes_at: string;
  counted: number;
  root: string | null;
  judges: { submitted: number; total: number };
}

export interface StageResult {
  winner: "left" | "right" | "tie";
  left: { name: string; entry_id: string };
  right: { name: string; entry_id: string };
  crowd: Tally;
  judges: Tally;
  too_close: boolean;
}

export interface Stage {
  episode: Pick<Episode, "id" | "title" | "number" | "code" | "state">;
  version: number;
  phase: Phase;
  duel: {
    id: string;
    number: number;
    prompt: string;
    state: DuelState;
    left: StageSide;
    right: StageSide;
  } | null;
  ballot: StageBallot | null;
  result: StageResult | null;
  now: string;
}

export interface DeskSide extends StageSide {
  entry: { id: string; name: string } | null;
}

/** What the producer's channel carries: the stage plus names, never a tally before the lock. */
export interface Desk extends Omit<Stage, "duel"> {
  duel: (Omit<NonNullable<Stage["duel"]>, "left" | "right"> & { left: DeskSide; right: DeskSide }) | null;
  roster: RosterItem[];
  nodes: EngineNode[];
  log: { version: number; type: string; at: string; text: string }[];
}

export interface LiveSnapshot<T = unknown> {
  channel: string;
  epoch: string;
  seq: number;
  state: T;
}

export interface Token {
  id: string;
  name: string;
  created_at: string;
  last_used_at: string | null;
}

/* ---- paths ---- */

type Operation<Result, Path, Body> = {
  parameters: { query?: never; header?: never; cookie?: never } & ([Path] extends [never]
    ? { path?: never }
    : { path: Path });
  responses: { 200: { headers: Record<string, unknown>; content: { "application/json": Result } } };
} & ([Body] extends [never] ? { requestBody?: never } : { requestBody: { content: { "application/json": Body } } });

type Get<Result, Path = never> = Operation<Result, Path, never>;
type Post<Body, Result, Path = never> = Operation<Result, Path, Body>;
type Delete<Path> = Operation<null, Path, never>;
type Id = { id: string };

export interface paths {
  "/api/auth/register": {
    post: Post<{ email: string; password: string; display_name: string; invitation?: string }, Me>;
  };
  "/api/auth/login": { post: Post<{ email: string; password: string }, Me> };
  "/api/auth/logout": { post: Post<never, null> };
  "/api/me": { get: Get<Me> };
  "/api/invitations/{token}": {
    get: Get<{ role: Role; expires_at: string; valid: boolean }, { token: string }>;
  };
  "/api/invitations": {
    post: Post<{ role: Role; hours: number }, { url: string; token: string; role: Role; expires_at: string }>;
  };
  "/api/tokens": { get: Get<Token[]>; post: Post<{ name: string }, Token & { token: string }> };
  "/api/tokens/{id}": { delete: Delete<Id> };
  "/api/device": { post: Post<never, { device: string }> };

  "/api/seasons/current": { get: Get<Season> };
  "/api/episodes": { get: Get<Episode[]>; post: Post<{ title: string }, Episode> };
  "/api/join/{code}": { get: Get<Episode, { code: string }> };

  "/api/entries": { get: Get<Entry[]>; post: Post<{ name: string }, Entry> };
  "/api/submissions/{id}": { get: Get<Submission, Id> };
  "/api/submissions/{id}/samples": { get: Get<{ items: Sample[] }, Id> };
  "/api/roster": { get: Get<RosterItem[]> };
  "/api/suites/{id}": { get: Get<Suite, Id> };
  "/api/nodes": { get: Get<EngineNode[]> };

  "/api/duels/{id}": { get: Get<Duel, Id> };
  "/api/episodes/{id}/duels": { get: Get<Duel[], Id> };
  "/api/duels/{id}/provenance": { get: Get<{ answers: Record<string, unknown>[] }, Id> };

  "/api/episodes/{id}/commands": {
    post: Post<{ expected_version: number; key: string; command: Command }, { version: number; state: Desk }, Id>;
  };
  "/api/episodes/{id}/desk": { get: Get<Desk, Id> };

  "/api/ballots/{id}/votes": { post: Post<{ choice: Choice; key: string }, { receipt: Receipt }, Id> };
  "/api/ballots/{id}/my-vote": { get: Get<MyVote, Id> };
  "/api/ballots/{id}/verdicts": { post: Post<{ choice: Choice; note: string }, Verdict, Id> };
  "/api/ballots/{id}/my-verdict": { get: Get<Verdict, Id> };
  "/api/ballots/{id}/ledger": { get: Get<Ledger, Id> };

  "/api/leaderboard": { get: Get<Board> };
  "/api/live/{channel}": { get: Get<LiveSnapshot, { channel: string }> };
  "/api/version": { get: Get<{ version: string }> };
}
