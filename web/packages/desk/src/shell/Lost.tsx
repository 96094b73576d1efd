import { Button, EmptyState, Mark, navigate } from "@gavel/ui";
import { useT } from "../i18n";
import { useTitle } from "./Page";

export function Lost() {
  const { t } = useT();
  useTitle(t("lost.title"));
  return (
    <EmptyState
      heading="h1"
      icon={<Mark size={64} />}
      title={t("lost.title")}
      action={<Button onClick={() => navigate("/")}>{t("lost.home")}</Button>}
    >
      {t("lost.text")}
    </EmptyState>
  );
}
