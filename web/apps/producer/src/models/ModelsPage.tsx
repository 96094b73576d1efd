import { api } from "@gavel/api";
import { CopyLine, PageHead } from "@gavel/desk";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";
import { useT } from "../i18n";
import { Model } from "./Model";
import css from "./Models.module.css";

const AGAIN_MS = 10_000;

/** The registry: what a track can be built on, where it is from, and what this site does with it. */
export function ModelsPage() {
  const { t } = useT();
  const models = useQuery({
    queryKey: ["base-models"],
    queryFn: () => api.get("/api/base-models"),
    refetchInterval: AGAIN_MS,
  });
  return (
    <>
      <PageHead title={t("models.title")}>{t("models.lead")}</PageHead>
      {models.error && <ErrorNote error={models.error} />}
      {models.isPending && !models.error && <Loading />}
      <ul className={css.list}>
        {models.data?.map((model) => (
          <li key={model.id}>
            <Model model={model} />
          </li>
        ))}
      </ul>
      <Card className={css.model}>
        <h2>{t("models.add")}</h2>
        <p className={css.mute}>{t("models.add_text")}</p>
        <CopyLine
          text='gavel models describe FOLDER --id ID --licence "Apache License 2.0" --licence-url https://…'
          what={t("models.describe")}
        />
      </Card>
    </>
  );
}
