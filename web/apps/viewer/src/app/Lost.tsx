import { Button, EmptyState, LanguageSwitch, Mark, navigate } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Lost.module.css";

/** No such page, or no such show: the way back is the code. */
export function Lost({ code }: { code?: string }) {
  const { t } = useT();
  return (
    <main className={css.lost}>
      <EmptyState
        heading="h1"
        icon={<Mark size={84} />}
        title={t("lost.title")}
        action={
          <Button tone="gold" onClick={() => navigate("/")}>
            {t("lost.home")}
          </Button>
        }
      >
        {code ? t("join.unknown", { code }) : t("lost.text")}
      </EmptyState>
      <LanguageSwitch />
    </main>
  );
}
