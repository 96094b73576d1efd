import { EmptyState, LanguageSwitch, Mark } from "@gavel/ui";
import { useT } from "./i18n";

export function App() {
  const { t } = useT();
  return (
    <main>
      <EmptyState icon={<Mark size={84} />} title={t("title")} action={<LanguageSwitch />} />
    </main>
  );
}
