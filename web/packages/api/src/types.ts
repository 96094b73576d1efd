/**
 * The names that pages use for the portal's shapes, all out of the generated `schema.d.ts`.
 * Times are ISO 8601 UTC strings, ids are UUID strings.
 */
import type { CastVote, CommandIn, Stage, SubmissionOut } from "./schema";

export type {
  AccuracyOut as Accuracy,
  AxisValues as SpeedAxis,
  Board,
  BoardRow,
  CheckOut as Check,
  DatasetOut as Dataset,
  DecisionOut as Decision,
  Desk,
  DeskEvent,
  DuelOut as Duel,
  EntryName,
  EntryOut as Entry,
  EpisodeOut as Episode,
  Finding,
  FlagOut as Flag,
  FlagSide,
  InvitationMade,
  InvitationState,
  LedgerOut as Ledger,
  Licence,
  Me,
  MemberOut as TeamMember,
  MetricResult as SpeedMetric,
  ModuleLikenessOut as ModuleLikeness,
  NodeOut as EngineNode,
  PracticeOut as Practice,
  Program,
  ProgramOut as ProgramDuel,
  ProgramSide,
  ProgressOut as Progress,
  QuizLine as SpeedQuizLine,
  RacerOut as SpeedRacer,
  Ratio as SpeedRatio,
  Receipt,
  Role,
  RosterRow,
  RunOut as Run,
  SampleOut as Sample,
  SeasonOut as Season,
  SpeedOut as SpeedRun,
  Stage,
  StageBallot,
  StageDuel,
  StageResult,
  StageSide,
  Steer,
  SubmissionOut as Submission,
  SuiteOut as Suite,
  TallyOut as Tally,
  TaskOut as TaskScore,
  TeamInvitationMade,
  TeamInvitationState,
  TeamOut as Team,
  TokenMade,
  TokenRow,
  UploadOut as FileUpload,
  VerdictOut as Verdict,
  VoiceOut as PracticeVoice,
  VoteOut as MyVote,
  XrayOut as Xray,
} from "./schema";

export type Choice = CastVote["choice"];
export type Command = CommandIn["command"];
export type Phase = Stage["phase"];
export type SideName = "left" | "right";
export type SubmissionState = SubmissionOut["state"];
