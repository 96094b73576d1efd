import { api, type PrintedSheet, type SeatSheet } from "@gavel/api";
import { Confirm, SmallButton, useTimes } from "@gavel/desk";
import { Card } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { seatsKey } from "../app/queries";
import { useT } from "../i18n";
import css from "./Seats.module.css";

interface SheetProps {
  episode: string;
  sheet: SeatSheet;
  onMade: (printed: PrintedSheet) => void;
}

/** How many of a sheet are used; what is lost is taken back, or printed anew with other codes. */
export function Sheet({ episode, sheet, onMade }: SheetProps) {
  const { t, number } = useT();
  const { moment } = useTimes();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [taking, setTaking] = useState<number | null>(null);
  const again = () => queries.invalidateQueries({ queryKey: seatsKey(episode) });
  const remaking = useMutation({
    mutationFn: () =>
      api.post("/api/episodes/{episode_id}/seats/sheets/{sheet_id}/remake", {
        params: { path: { episode_id: episode, sheet_id: sheet.id } },
      }),
    onSuccess: (printed) => {
      setAsking(false);
      onMade(printed);
      void again();
    },
  });
  const revoking = useMutation({
    mutationFn: (seat: number) =>
      api.post("/api/episodes/{episode_id}/seats/{number}/revoke", {
        params: { path: { episode_id: episode, number: seat } },
      }),
    onSuccess: () => {
      setTaking(null);
      void again();
    },
  });
  const first = sheet.seats[0]?.number ?? 0;
  const last = sheet.seats.at(-1)?.number ?? 0;
  return (
    <Card className={css.card}>
      <h2>{t("seats.sheet", { first, last, time: moment(sheet.created_at) })}</h2>
      <p>
        <b>{t("seats.used", { used: number(sheet.used), all: number(sheet.seats.length) })}</b>
        {sheet.revoked > 0 && ` · ${t("seats.revoked", { count: sheet.revoked })}`}
      </p>
      <div className={css.actions}>
        <SmallButton disabled={sheet.free === 0} onClick={() => setAsking(true)}>
          {t("seats.remake")}
        </SmallButton>
      </div>
      <details>
        <summary>{t("seats.each")}</summary>
        <ul className={css.seats}>
          {sheet.seats.map((seat) => (
            <li key={seat.number}>
              <span>
                {t("seats.number", { number: seat.number })} · {t(`seats.state.${seat.state}`)}
              </span>
              {seat.state !== "revoked" && (
                <SmallButton
                  aria-label={t("seats.revoke_n", { number: seat.number })}
                  onClick={() => setTaking(seat.number)}
                >
                  {t("seats.revoke")}
                </SmallButton>
              )}
            </li>
          ))}
        </ul>
      </details>
      {taking !== null && (
        <Confirm
          title={t("seats.revoke_n", { number: taking })}
          action={t("seats.revoke")}
          busy={revoking.isPending}
          error={revoking.error}
          onConfirm={() => revoking.mutate(taking)}
          onClose={() => {
            setTaking(null);
            revoking.reset();
          }}
        >
          {t("seats.revoke_text")}
        </Confirm>
      )}
      {asking && (
        <Confirm
          title={t("seats.remake_title")}
          action={t("seats.remake")}
          tone="gold"
          busy={remaking.isPending}
          error={remaking.error}
          onConfirm={() => remaking.mutate()}
          onClose={() => setAsking(false)}
        >
          {t("seats.remake_text", { count: sheet.free })}
        </Confirm>
      )}
    </Card>
  );
}
