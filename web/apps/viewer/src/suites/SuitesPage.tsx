import { api, type Season, type Suite } from "@gavel/api";
import { Card, EmptyState, ErrorNote, Link, Loading, Mark } from "@gavel/ui";
import { useLoad } from "../shared/load";
import { Frame } from "../speed/Frame";
import { useT } from "./i18n";
import css from "./Suites.module.css";

/** How many questions a suite has, and how many of them are asked for the stage. */
export function sizeOf(suite: Suite): { air: number; full: number } {
  const sum = (count: (family: Suite["families"][number]) => number) =>
    suite.families.reduce((all, family) => all + count(family), 0);
  return { air: sum(({ air }) => air.length), full: sum(({ items }) => items) };
}

/** All suites, for everybody. */
export default function SuitesPage() {
  const { t } = useT();
  const suites = useLoad("suites", () => api.get("/api/suites"));
  const season = useLoad("season", () => api.get("/api/seasons/current"));
  return (
    <Frame title={t("suites.title")}>
      <p className={css.lead}>{t("suites.lead")}</p>
      {!suites.data && (suites.error ? <ErrorNote error={suites.error} retry={suites.retry} /> : <Loading />)}
      {suites.data?.length === 0 && <EmptyState icon={<Mark size={72} />} title={t("suites.empty")} />}
      <ul className={css.suites}>
        {suites.data?.map((suite) => (
          <li key={suite.id}>
            <Entry suite={suite} season={season.data} />
          </li>
        ))}
      </ul>
    </Frame>
  );
}

function Entry({ suite, season }: { suite: Suite; season: Season | null }) {
  const { t, language } = useT();
  return (
    <Card className={css.suite}>
      <h2>
        <Link to={`/suites/${suite.id}`}>{suite.name[language] ?? suite.id}</Link>
      </h2>
      <p>
        {t("suites.tasks", { count: suite.families.length })} · {t("suites.size", sizeOf(suite))}
      </p>
      {season?.suite === suite.id && <p className={css.gold}>{t("suites.ranks")}</p>}
    </Card>
  );
}
