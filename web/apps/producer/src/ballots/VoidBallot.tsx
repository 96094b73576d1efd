import { api, type DeskBallot } from "@gavel/api";
import { Confirm, TextField } from "@gavel/desk";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";

/** A vote that counts for nothing. Everybody reads why, and the log keeps who said so. */
export function VoidBallot({ ballot, onClose }: { ballot: DeskBallot; onClose: () => void }) {
  const { t } = useT();
  const [reason, setReason] = useState("");
  const voiding = useMutation({
    mutationFn: () =>
      api.post("/api/ballots/{ballot_id}/void", { params: { path: { ballot_id: ballot.id } }, body: { reason } }),
    onSuccess: onClose,
  });
  return (
    <Confirm
      title={t("ballots.void_title")}
      action={t("ballots.void")}
      busy={voiding.isPending || reason.trim().length < 3}
      error={voiding.error}
      onConfirm={() => voiding.mutate()}
      onClose={onClose}
    >
      <p>{t(ballot.kind === "duel" ? "ballots.void_duel" : "ballots.void_text")}</p>
      <TextField
        label={t("ballots.reason")}
        hint={t("ballots.reason_hint")}
        rows={2}
        maxLength={300}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
    </Confirm>
  );
}
