import { api } from "@gavel/api";
import { Field, PageHead, SelectField, useTitle } from "@gavel/desk";
import { Button, Card, ErrorNote, Link, Loading, useEntryName } from "@gavel/ui";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useT } from "../i18n";
import practice from "../practice/Practice.module.css";
import css from "./Conflicts.module.css";

const CONFLICTS = ["conflicts"];

/** Beforehand: entries whose duels this judge must not decide. */
export function ConflictsPage() {
  const { t } = useT();
  useTitle(t("conflicts.title"));
  const declared = useQuery({ queryKey: CONFLICTS, queryFn: () => api.get("/api/judging/conflicts") });
  return (
    <>
      <PageHead title={t("conflicts.title")}>{t("conflicts.lead")}</PageHead>
      <Link to="/" className={practice.way}>
        {t("practice.back")}
      </Link>
      {declared.error && <ErrorNote error={declared.error} />}
      {declared.isPending && !declared.error && <Loading />}
      {declared.data && (
        <>
          <ul className={css.list}>
            {declared.data.map((one) => (
              <li key={one.id}>
                <b>{one.entry}</b> <span>{one.reason}</span>
              </li>
            ))}
          </ul>
          {declared.data.length === 0 && <p className={css.none}>{t("conflicts.none")}</p>}
          <Declare declared={declared.data.map((one) => one.entry_id)} />
        </>
      )}
    </>
  );
}

function Declare({ declared }: { declared: string[] }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const queries = useQueryClient();
  const board = useQuery({ queryKey: ["board"], queryFn: () => api.get("/api/leaderboard") });
  const [entry, setEntry] = useState("");
  const [reason, setReason] = useState("");
  const send = useMutation({
    mutationFn: () => api.post("/api/judging/conflicts", { body: { entry_id: entry, reason } }),
    onSuccess: () => {
      setEntry("");
      setReason("");
      return queries.invalidateQueries({ queryKey: CONFLICTS });
    },
  });
  // A closed board names everybody still, and tells nothing else.
  const entries = board.data ? [...board.data.rows, ...board.data.sealed] : [];
  const open = entries.filter((row) => row.kind !== "house" && !declared.includes(row.entry_id));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };
  return (
    <Card>
      <form className={css.form} onSubmit={submit}>
        <SelectField label={t("conflicts.entry")} value={entry} onChange={(event) => setEntry(event.target.value)}>
          <option value="">{t("conflicts.choose")}</option>
          {open.map((row) => (
            <option key={row.entry_id} value={row.entry_id}>
              {nameOf(row)}
            </option>
          ))}
        </SelectField>
        <Field
          label={t("conflicts.reason")}
          maxLength={300}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        <Button type="submit" disabled={entry === "" || reason.trim() === "" || send.isPending}>
          {t("conflicts.declare")}
        </Button>
      </form>
      {board.error && <ErrorNote error={board.error} />}
      {send.error && <ErrorNote error={send.error} />}
    </Card>
  );
}
