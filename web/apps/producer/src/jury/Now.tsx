import type { Juror } from "@gavel/api";
import { Pill, type Tone } from "@gavel/desk";
import { ErrorNote, Loading } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Jury.module.css";
import { useJury } from "./queries";

const TONES: Record<Juror["state"], Tone> = {
  open: "busy",
  given: "good",
  skipped: "warn",
  missed: "calm",
  barred: "calm",
};

/** Who is done with the duel on stage, and who should take a break. Nothing of what anybody says. */
export function Now() {
  const { t, find } = useT();
  const { data: jury, error } = useJury();
  return (
    <section className={css.section} aria-labelledby="jury-now">
      <h2 id="jury-now">{jury ? t("jury.now_duel", { number: jury.number }) : t("jury.now")}</h2>
      {error && <ErrorNote error={error} />}
      {jury === undefined && !error && <Loading />}
      {jury === null && <p className={css.mute}>{t("jury.no_duel")}</p>}
      {jury?.second_look_until && <p className={css.mute}>{t("jury.second_look")}</p>}
      {jury && (
        <ul className={css.jurors}>
          {jury.jurors.map((juror) => (
            <li key={juror.name}>
              <b>{juror.name}</b>
              <Pill tone={TONES[juror.state]}>{t(`jury.state.${juror.state}`)}</Pill>
              {juror.reason && <span className={css.mute}>{find(`jury.reasons.${juror.reason}`) ?? juror.reason}</span>}
              {juror.rest && <Pill tone="warn">{t(`jury.rest.${juror.rest}`)}</Pill>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
