import { api } from "@gavel/api";
import { useState } from "react";
import { asDevice } from "../phone/device";
import { Entry } from "./Entry";
import { useT } from "./i18n";

interface SeatFormProps {
  episode: string;
  code?: string;
  onDone: () => void;
}

/** The code on the slip; which characters are codes the portal knows, and says. */
export function SeatForm({ episode, code: scanned = "", onDone }: SeatFormProps) {
  const { t } = useT();
  const [code, setCode] = useState(scanned);
  const params = { path: { episode_id: episode } };
  const send = () =>
    asDevice(() => api.post("/api/episodes/{episode_id}/vouchers/seat", { params, body: { code } })).then(onDone);
  return (
    <Entry
      label={t("vouch.seat")}
      hint={t("vouch.seat_hint")}
      action={t("vouch.seat_use")}
      value={code}
      onChange={setCode}
      send={send}
      maxLength={40}
      autoCapitalize="characters"
      autoComplete="off"
    />
  );
}
