import { Choice } from "../app/Choice";
import { useT } from "../i18n";
import type { Kind } from "./files";

interface KindChoiceProps {
  /** What the track takes. */
  kinds: Kind[];
  kind: Kind;
  pick: (kind: Kind) => void;
}

/** What is sent: one of the kinds that the track takes. Nothing to choose where there is one only. */
export function KindChoice({ kinds, kind, pick }: KindChoiceProps) {
  const { t } = useT();
  if (kinds.length < 2) return null;
  const options = kinds.map((id) => ({ id, name: t(`kind.${id}.name`), text: t(`kind.${id}.text`) }));
  return <Choice legend={t("kind.choose")} options={options} value={kind} pick={pick} />;
}
