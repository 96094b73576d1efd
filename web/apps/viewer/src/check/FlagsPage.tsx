import { api, type Season } from "@gavel/api";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { useEffect } from "react";
import { useLoad } from "../shared/load";
import { Frame } from "../speed/Frame";
import css from "./Check.module.css";
import { useT } from "./i18n/flags";

const RULES = ["cohort", "clique", "always-one", "contrarian", "by-hand"] as const;

type FlagRules = NonNullable<Season["flags"]>;

/** When a vote stands in its own column: the rules of the episode's season in words, with the numbers hashed before it. */
export default function FlagsPage({ episode }: { episode: string | null }) {
  const { t } = useT();
  const { data, error, retry } = useLoad(`season of ${episode}`, () =>
    episode === null
      ? api.get("/api/seasons/current")
      : api.get("/api/episodes/{episode_id}/season", { params: { path: { episode_id: episode } } }),
  );
  return (
    <Frame title={t("flags.title")}>
      <p className={css.lead}>{t("flags.lead")}</p>
      {!data && (error ? <ErrorNote error={error} retry={retry} /> : <Loading />)}
      {data && !data.flags && <p>{t("flags.none")}</p>}
      {data?.flags && <Rules rules={data.flags} digest={data.rules_digest} />}
    </Frame>
  );
}

function Rules({ rules, digest }: { rules: FlagRules; digest: string }) {
  const { t, number } = useT();
  // They are drawn after the address was read, so the browser has found no such place.
  useEffect(() => document.getElementById(location.hash.slice(1))?.scrollIntoView(), []);
  const chance = (share: number) => t("flags.chance", { one: number(Math.round(1 / share)) });
  const figures = {
    group: number(rules.cohort_least),
    groupChance: chance(rules.cohort_alpha),
    purity: number(rules.cohort_purity, { style: "percent" }),
    burst: number(rules.burst_seconds),
    ballots: number(rules.voter_least),
    voterChance: chance(rules.voter_alpha),
    clique: number(rules.clique_least),
    cliqueChance: chance(rules.clique_alpha),
    back: number(rules.look_back),
  };
  return (
    <>
      {RULES.map((rule) => (
        <Card key={rule} className={css.card}>
          <h2 id={rule}>{t(`flags.${rule}.name`)}</h2>
          <p>{t(`flags.${rule}.text`, figures)}</p>
        </Card>
      ))}
      <Card className={css.card}>
        <h2>{t("flags.what")}</h2>
        <p>{t("flags.what_text", { share: number(rules.hold_share, { style: "percent" }) })}</p>
        <p>{t("flags.digest")}</p>
        <pre>{digest}</pre>
      </Card>
    </>
  );
}
