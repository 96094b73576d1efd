import { PageHead } from "@gavel/desk";
import { useT } from "../i18n";
import { Conflicts } from "./Conflicts";
import { Now } from "./Now";
import { Pairs } from "./Pairs";
import { Report } from "./Report";

/** The judges: how far they are now, how far they agreed, who stands aside, and the pairs by which they are calibrated. */
export function JuryPage() {
  const { t } = useT();
  return (
    <>
      <PageHead title={t("jury.title")}>{t("jury.lead")}</PageHead>
      <Now />
      <Report />
      <Conflicts />
      <Pairs />
    </>
  );
}
