import type { TrainingRun } from "@gavel/api";
import { Pill, type Tone } from "@gavel/desk";
import { useT } from "../i18n";

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

export function StatePill({ state }: Pick<TrainingRun, "state">) {
  const { t } = useT();
  return <Pill tone={TONES[state]}>{t(`training.state.${state}`)}</Pill>;
}
