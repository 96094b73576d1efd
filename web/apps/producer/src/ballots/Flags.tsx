import { api, type DeskBallot } from "@gavel/api";
import { Confirm, SmallButton, TextField } from "@gavel/desk";
import { ErrorNote } from "@gavel/ui";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Ballots.module.css";

const path = (ballot: string) => ({ path: { ballot_id: ballot } });

/** Whom the season's rules flagged, before the count is signed: how many and why, never what they chose. */
export function Flags({ ballot }: { ballot: DeskBallot }) {
  const { t, find, number } = useT();
  const queries = useQueryClient();
  const [clearing, setClearing] = useState<string>();
  // A wish of somebody else changes the ballot on the desk; asked anew each time, for it is about this moment.
  const key = ["flags", ballot.id];
  const flags = useQuery({
    queryKey: key,
    queryFn: () => api.get("/api/ballots/{ballot_id}/flags", { params: path(ballot.id) }),
    refetchInterval: 3000,
  });
  const agree = useMutation({
    mutationFn: (wish: string) =>
      api.post("/api/ballots/{ballot_id}/corrections/{wish_id}/agree", {
        params: { path: { ballot_id: ballot.id, wish_id: wish } },
      }),
    onSuccess: (seen) => queries.setQueryData(key, seen),
  });
  if (!flags.data) return flags.error ? <ErrorNote error={flags.error} /> : null;
  const { voters, counted, flagged, rules, wishes } = flags.data;
  const open = wishes.filter((one) => !one.agreed_by);
  const named = (rule: string) => find(`ballots.rules.${rule}`) ?? rule;
  return (
    <div className={css.alarm} role="alert">
      <p>{t("ballots.held", { flagged: number(flagged), voters: number(voters), counted: number(counted) })}</p>
      <ul>
        {rules.map((one) => (
          <li key={one.rule}>
            {named(one.rule)}: {t("ballots.by_rule", { flagged: number(one.flagged), cleared: number(one.cleared) })}
            {one.reasons.slice(0, 3).map((reason) => (
              <small key={reason} lang="en" className={css.mute}>
                {" "}
                {reason}
              </small>
            ))}
            {one.flagged > 0 && <SmallButton onClick={() => setClearing(one.rule)}>{t("ballots.clear")}</SmallButton>}
          </li>
        ))}
        {open.map((wish) => (
          <li key={wish.id}>
            {t(`ballots.wish.${wish.kind}`, { whom: wish.rule ? named(wish.rule) : (wish.voter ?? "") })} “{wish.reason}
            ”{" "}
            <SmallButton disabled={agree.isPending} onClick={() => agree.mutate(wish.id)}>
              {t("ballots.agree")}
            </SmallButton>
          </li>
        ))}
      </ul>
      {agree.error && <ErrorNote error={agree.error} />}
      {clearing && <Clear ballot={ballot.id} rule={clearing} onClose={() => setClearing(undefined)} />}
    </div>
  );
}

/** One asks and says why; nothing changes until somebody else agrees. */
function Clear({ ballot, rule, onClose }: { ballot: string; rule: string; onClose: () => void }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const asking = useMutation({
    mutationFn: () =>
      api.post("/api/ballots/{ballot_id}/corrections", {
        params: path(ballot),
        body: { kind: "clear", rule, reason },
      }),
    onSuccess: (seen) => {
      queries.setQueryData(["flags", ballot], seen);
      onClose();
    },
  });
  return (
    <Confirm
      title={t("ballots.clear_title")}
      action={t("ballots.clear_ask")}
      busy={asking.isPending || reason.trim().length < 3}
      error={asking.error}
      onConfirm={() => asking.mutate()}
      onClose={onClose}
    >
      <p>{t("ballots.clear_text")}</p>
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
