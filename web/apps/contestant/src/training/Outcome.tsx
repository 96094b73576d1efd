import type { TrainingRun } from "@gavel/api";
import { bytes, clockTime } from "@gavel/desk";
import { Card } from "@gavel/ui";
import type { ReactNode } from "react";
import { useT } from "../i18n";
import { settingsOf } from "./figures";
import { useFigure, useSetting } from "./say";
import css from "./Training.module.css";

/** What came of a run in figures, and with which settings. */
export function Outcome({ run }: { run: TrainingRun }) {
  const { t } = useT();
  const setting = useSetting();
  return (
    <Card className={css.outcome}>
      {run.record && <Record record={run.record} />}
      <h2>{t("training.settings")}</h2>
      <dl className={css.list}>
        {settingsOf(run.spec).map((key) => (
          <Fact key={key} name={t(`training.field.${key}`)}>
            {setting(run.spec, key)}
          </Fact>
        ))}
        <Fact name={t("training.parent")}>
          {run.parent ? t("training.parent_version", { n: run.parent.version }) : t("training.parent_base")}
        </Fact>
      </dl>
    </Card>
  );
}

function Record({ record }: { record: NonNullable<TrainingRun["record"]> }) {
  const { t, number } = useT();
  const figure = useFigure();
  const { first_loss: first, final_loss: final, residual } = record;
  return (
    <>
      <h2>{t("training.record")}</h2>
      <dl className={css.list}>
        {first !== null && final !== null && (
          <Fact name={t("training.record_loss")}>
            {t("training.before_after", { before: figure("loss", first), after: figure("loss", final) })}
          </Fact>
        )}
        <HeldOut held={record.held_out} />
        <Fact name={t("training.record_rows")}>{number(record.rows)}</Fact>
        <Fact name={t("training.record_tokens")}>{number(record.tokens)}</Fact>
        <Fact name={t("training.record_time")}>{clockTime(record.seconds)}</Fact>
        <Fact name={t("training.record_peak")}>{bytes(record.peak_bytes)}</Fact>
        {residual !== null && (
          <Fact name={t("training.record_residual")}>
            {number(residual, { style: "percent", maximumFractionDigits: 2 })}
          </Fact>
        )}
      </dl>
    </>
  );
}

export const HELD = ["margin", "loss"] as const;

/** On rows that were kept out of training, before and after. */
function HeldOut({ held }: { held: Record<string, number> }) {
  const { t } = useT();
  const figure = useFigure();
  return HELD.map((name) => {
    const [before, after] = [held[`${name}_before`], held[`${name}_after`]];
    if (before === undefined || after === undefined) return null;
    return (
      <Fact key={name} name={t(`training.held.${name}`)}>
        {t("training.before_after", { before: figure(name, before), after: figure(name, after) })}
      </Fact>
    );
  });
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
