import type { Season } from "@gavel/api";
import { bytes, useTimes } from "@gavel/desk";
import { Card } from "@gavel/ui";
import type { ReactNode } from "react";
import { useT } from "../i18n";
import css from "./SeasonRules.module.css";

/** The limits, before the first byte is sent. */
export function SeasonRules({ season }: { season: Season }) {
  const { t, number } = useT();
  const percent = (value: number) => number(value, { style: "percent" });
  const { moment } = useTimes();
  const closes = (at: string): [string, ReactNode] => [
    t("season.closes"),
    t("season.closes_value", { time: moment(at) }),
  ];
  const rows: [string, ReactNode][] = [
    [t("season.base"), season.track.base_model],
    [t("season.rank"), t("season.rank_value", { max: season.track.max_rank })],
    [t("season.kinds"), season.track.artifacts.map((kind) => t(`kind.${kind}.name`)).join(t("season.kinds_and"))],
    [t("season.size"), t("season.size_value", { size: bytes(season.track.max_bytes) })],
    [t("season.entries"), t("season.entries_value", { max: season.max_entries })],
    [t("season.versions"), t("season.versions_value", { max: season.max_versions, day: season.versions_per_day })],
    ...(season.closes_at === null ? [] : [closes(season.closes_at)]),
    [
      t("season.answer"),
      t("season.answer_value", { tokens: season.sampling.max_tokens, temperature: season.sampling.temperature }),
    ],
    [
      t("season.speed"),
      t("season.speed_value", {
        blocks: season.speed.blocks,
        tokens: season.speed.tokens,
        band: percent(season.speed.tie_band),
      }),
    ],
    [
      t("season.rating"),
      t("season.rating_value", { judges: percent(season.weights.judges), crowd: percent(season.weights.crowd) }),
    ],
    [
      t("season.licence"),
      <a key="licence" href={season.licence_url} target="_blank" rel="noreferrer">
        {season.licence}
      </a>,
    ],
    [
      t("season.digest"),
      <code key="digest" title={season.rules_digest}>
        {season.rules_digest.slice(0, 12)}
      </code>,
    ],
  ];
  return (
    <Card className={css.rules}>
      <h2>{t("season.title", { name: season.name })}</h2>
      <dl>
        {rows.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
