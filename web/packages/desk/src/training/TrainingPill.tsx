import type { TrainingRun } from "@gavel/api";
import { useT } from "../i18n";
import { Pill, type Tone } from "../parts/Pill";

const TONES: Record<TrainingRun["state"], Tone> = {
  queued: "calm",
  running: "busy",
  pausing: "busy",
  paused: "calm",
  done: "good",
  cancelled: "calm",
  failed: "warn",
  refused: "bad",
};

export function TrainingPill({ state }: Pick<TrainingRun, "state">) {
  const { t } = useT();
  return <Pill tone={TONES[state]}>{t(`training.state.${state}`)}</Pill>;
}
