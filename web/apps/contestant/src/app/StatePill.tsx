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
  const { state } = submission;
  // Nothing is under way for what is judged and does not go on stage.
  const tone = endsVerified(submission) && state === "verified" ? "good" : TONES[state];
  return <Pill tone={tone}>{t(`state.${state}`)}</Pill>;
}
