import type { StageResult } from "@gavel/api";
import { useT } from "../i18n";

/** How firm the result is: within the error or not, and how many viewers could have turned it. */
export function Margin({ result, className }: { result: StageResult; className?: string | undefined }) {
  const { t } = useT();
  const flip = result.winner === "tie" ? null : result.votes_to_flip;
  if (!result.too_close && flip === null) return null;
  return (
    <p className={className}>
      {result.too_close && <b>{t("result.too_close")}</b>}{" "}
      {flip === null ? t("result.too_close_text") : t("result.flip", { count: flip })}
    </p>
  );
}
