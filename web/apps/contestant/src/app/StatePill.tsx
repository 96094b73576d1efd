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

interface StatePillProps {
  state: SubmissionState;
  artifact: Submission["artifact"];
}

export function StatePill({ state, artifact }: StatePillProps) {
  const { t } = useT();
  const tone = state === "verified" && endsVerified({ artifact }) ? "good" : TONES[state];
  return <Pill tone={tone}>{t(`state.${state}`)}</Pill>;
}
