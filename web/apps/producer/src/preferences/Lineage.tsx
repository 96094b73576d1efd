import type { PreferencePage, PreferencePair } from "@gavel/api";
import { Table, useTimes } from "@gavel/desk";
import { useT } from "../i18n";
import css from "./Preferences.module.css";

/** Each row with the duel it comes from, what is new since the set before, and what would not be made any more. */
export function Lineage({ page }: { page: PreferencePage }) {
  const { t, number } = useT();
  const { moment } = useTimes();
  const gone = new Map(page.outdated.map(({ duel, reason }) => [duel, reason]));
  return (
    <>
      {page.since && (
        <p>
          {t("preferences.since", {
            when: moment(page.since.made_at),
            added: page.since.added.length,
            removed: page.since.removed.length,
            changed: page.since.changed.length,
          })}
        </p>
      )}
      {gone.size > 0 && (
        <p className={css.warn} role="alert">
          {t("preferences.outdated", { count: gone.size })}
        </p>
      )}
      <Candidates page={page} />
      <Table label={t("preferences.lineage")}>
        <thead>
          <tr>
            <th scope="col">{t("preferences.row")}</th>
            <th scope="col">{t("preferences.chosen")}</th>
            <th scope="col">{t("preferences.rejected")}</th>
            <th scope="col">{t("preferences.weight")}</th>
            <th scope="col">{t("preferences.judges")}</th>
            <th scope="col">{t("preferences.crowd")}</th>
            <th scope="col">{t("preferences.records")}</th>
          </tr>
        </thead>
        <tbody>
          {page.pairs.map((pair, index) => (
            <tr key={pair.duel}>
              <th scope="row">
                <a href={`/duel/${pair.duel}`}>{t("preferences.duel", { row: index + 1, number: pair.number })}</a>
                <Gone reason={gone.get(pair.duel)} />
              </th>
              <td>{pair.chosen.name}</td>
              <td>{pair.rejected.name}</td>
              <td>{number(Math.round(100 * pair.weight))}</td>
              <td>{counts(pair, pair.judges)}</td>
              <td>{pair.crowd ? counts(pair, pair.crowd) : "–"}</td>
              <td>
                {[pair.chosen.record, pair.rejected.record].map((record) => (
                  <code key={record} className={css.record}>
                    {record?.slice(0, 8) ?? "–"}
                  </code>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
      {gone.size === 0 && (
        <p>
          <a href={`/api/preference-sets/${page.id}/pairs.jsonl`} download>
            {t("preferences.download")}
          </a>
        </p>
      )}
    </>
  );
}

function Gone({ reason }: { reason: PreferencePage["outdated"][number]["reason"] | undefined }) {
  const { t } = useT();
  return reason && <small className={css.gone}>{t(`preferences.reasons.${reason}`)}</small>;
}

/** What was trained on the set, each beside the parent that it began with. */
function Candidates({ page }: { page: PreferencePage }) {
  const { t, number } = useT();
  if (page.candidates.length === 0) return null;
  return (
    <ul className={css.candidates} aria-label={t("preferences.candidates")}>
      {page.candidates.map(({ id, parent, result, state, record, decisions }) => {
        const promoted = decisions.find(({ action }) => action === "promote");
        const { margin_before: before, margin_after: after } = record?.held_out ?? {};
        return (
          <li key={id}>
            {result ? t("preferences.version", { name: result.entry, version: result.version }) : "–"}{" "}
            {parent && t("preferences.beside", { name: parent.entry, version: parent.version })} ·{" "}
            {t(`preferences.runs.${state}`)}
            {before !== undefined &&
              after !== undefined &&
              ` · ${t("preferences.margin", { before: number(before), after: number(after) })}`}
            {promoted && ` · ${t("preferences.promoted", { name: promoted.by })}`}
          </li>
        );
      })}
    </ul>
  );
}

/** For the preferred answer, for the other, for neither. */
function counts(pair: PreferencePair, tally: PreferencePair["judges"]): string {
  const other = pair.side === "left" ? "right" : "left";
  return `${tally[pair.side]} : ${tally[other]} : ${tally.tie + tally.both_bad}`;
}
