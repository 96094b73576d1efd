import type { Submission, SubmissionState } from "@gavel/api";
import { Pill, type Tone } from "@gavel/desk";
import { useT } from "../i18n";
import { endsVerified } from "./queries";

export const TONES: Record<SubmissionState, Tone> = {
  uploading: "calm",
  received: "calm",
  verifying: "busy",
  verified: "busy",
  benchmarking: "busy",
  refused: "bad",
  ready: "good",
  failed: "warn",
  cancelled: "calm",
  withdrawn: "calm",
};

export function StatePill({ submission }: { submission: Pick<Submission, "state" | "artifact"> }) {
  const { t } = useT();
  const { state, artifact } = submission;
  // Nothing is under way for what ends with its verdict.
  const tone = state === "verified" && endsVerified({ artifact }) ? "good" : TONES[state];
  return <Pill tone={tone}>{t(`state.${state}`)}</Pill>;
}
