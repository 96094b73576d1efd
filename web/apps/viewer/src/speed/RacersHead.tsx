import type { SpeedRun } from "@gavel/api";
import { SideIcon, useEntryName } from "@gavel/ui";
import { useT } from "./i18n";
import { ICON } from "./Race";

/** The head of a table with a column for each who was measured. */
export function RacersHead({ run, first }: { run: SpeedRun; first: string }) {
  const { t } = useT();
  const nameOf = useEntryName();
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        {(["a", "b"] as const).map((who) => (
          <th key={who} scope="col">
            <SideIcon side={ICON[who]} /> {nameOf(run[who])}
          </th>
        ))}
        <th scope="col">{t("speed.house_is")}</th>
      </tr>
    </thead>
  );
}
