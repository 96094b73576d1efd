import { api, type JudgeDesk } from "@gavel/api";
import { Dialog, SelectField, SmallButton, TextField } from "@gavel/desk";
import { Button, Card, ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Excuses.module.css";
import { deskKey } from "./useDesk";

type Kind = "skip" | "conflict";
const TEXT_LIMIT = 300;

/** Two ways out: “I cannot judge this one” and “I must not”. */
export function Excuses({ desk, judged }: { desk: JudgeDesk; judged: boolean }) {
  const { t } = useT();
  const [asking, ask] = useState<Kind | null>(null);
  return (
    <>
      <p className={css.ways}>
        <SmallButton tone="bare" onClick={() => ask("skip")}>
          {t("excuse.skip")}
        </SmallButton>
        <SmallButton tone="bare" onClick={() => ask("conflict")}>
          {t("excuse.conflict")}
        </SmallButton>
      </p>
      {asking && <Ask kind={asking} desk={desk} judged={judged} onClose={() => ask(null)} />}
    </>
  );
}

interface AskProps {
  kind: Kind;
  desk: JudgeDesk;
  judged: boolean;
  onClose: () => void;
}

function Ask({ kind, desk, judged, onClose }: AskProps) {
  const { t } = useT();
  const queries = useQueryClient();
  const reasons = kind === "skip" ? desk.skip_reasons : desk.conflict_reasons;
  const [reason, setReason] = useState(reasons[0] ?? "other");
  const [text, setText] = useState("");
  const send = useMutation({
    mutationFn: () =>
      api.post("/api/duels/{duel_id}/excusal", {
        params: { path: { duel_id: desk.duel_id } },
        body: { kind, reason, text },
      }),
    onSuccess: async () => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: deskKey(desk.duel_id) }),
        queries.invalidateQueries({ queryKey: ["verdict"] }),
      ]);
      onClose();
    },
  });
  const lacks = reason === "other" && text.trim() === "";
  return (
    <Dialog
      title={t(`excuse.${kind}_title`)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("excuse.cancel")}</Button>
          <Button
            tone={kind === "conflict" ? "danger" : "ghost"}
            disabled={send.isPending || lacks}
            onClick={() => send.mutate()}
          >
            {t(`excuse.${kind}_do`)}
          </Button>
        </>
      }
    >
      <div className={css.ask}>
        <p>{t(`excuse.${kind}_text`)}</p>
        {judged && <p>{t("excuse.replaces")}</p>}
        <SelectField
          label={t("excuse.reason")}
          data-autofocus
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        >
          {reasons.map((one) => (
            <option key={one} value={one}>
              {t(`excuse.reasons.${one}` as "excuse.reasons.other")}
            </option>
          ))}
        </SelectField>
        <TextField
          label={t(reason === "other" ? "excuse.text_needed" : "excuse.text")}
          rows={2}
          maxLength={TEXT_LIMIT}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {send.error && <ErrorNote error={send.error} />}
      </div>
    </Dialog>
  );
}

/** In place of the form: why there is none, and for a skip the way back. */
export function Aside({ desk, open }: { desk: JudgeDesk; open: boolean }) {
  const { t } = useT();
  const queries = useQueryClient();
  const back = useMutation({
    mutationFn: () => api.delete("/api/duels/{duel_id}/excusal", { params: { path: { duel_id: desk.duel_id } } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: deskKey(desk.duel_id) }),
  });
  return (
    <Card className={css.aside}>
      <h2>{t(desk.barred ? `excuse.barred.${desk.barred}` : "excuse.skipped")}</h2>
      <p>{t(desk.barred ? "excuse.barred_text" : "excuse.skipped_text")}</p>
      {open && !desk.barred && (
        <Button disabled={back.isPending} onClick={() => back.mutate()}>
          {t("excuse.back")}
        </Button>
      )}
      {back.error && <ErrorNote error={back.error} />}
    </Card>
  );
}
