import type { Phase } from "@gavel/api";
import { Confirm, SmallButton } from "@gavel/desk";
import { useState } from "react";
import { useT } from "../i18n";
import type { Hand } from "./useCommand";

/** Ends the episode for good. Not while a vote is open: its votes must be locked first. */
export function Finish({ phase, hand }: { phase: Phase; hand: Hand }) {
  const { t } = useT();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <SmallButton tone="danger" wide disabled={phase === "vote"} onClick={() => setAsking(true)}>
        {t("finish.action")}
      </SmallButton>
      {asking && (
        <Confirm
          title={t("finish.title")}
          action={t("finish.action")}
          busy={hand.busy}
          onConfirm={() => hand.give({ type: "finish" }, { onSettled: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        >
          {t(phase === "locked" ? "finish.unrevealed" : "finish.text")}
        </Confirm>
      )}
    </>
  );
}
