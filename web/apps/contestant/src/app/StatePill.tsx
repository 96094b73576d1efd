import type { SubmissionState } from "@gavel/api";
import { Pill, type Tone } from "@gavel/desk";
import { useT } from "../i18n";

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

export function StatePill({ state }: { state: SubmissionState }) {
  const { t } = useT();
  return <Pill tone={TONES[state]}>{t(`state.${state}`)}</Pill>;
}
