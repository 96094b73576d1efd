import { ApiError, api, type Run, type Suite } from "@gavel/api";
import { Confirm, SelectField } from "@gavel/desk";
import { Button, Card, ErrorNote, useEntryName } from "@gavel/ui";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useSeason, useSuites } from "../app/queries";
import { useT } from "../i18n";
import css from "./Bench.module.css";
import { BENCH, useQueue } from "./queries";

const ALL = "all";
const EXTENTS: Run["extent"][] = ["air", "full"];

/** How many questions a run of a suite asks. */
export function asked(suite: Suite | undefined, extent: Run["extent"]): number {
  return (suite?.families ?? []).reduce(
    (sum, family) => sum + (extent === "air" ? family.air.length : family.items),
    0,
  );
}

/** Have one entry or all of them answer a suite. The confirmation names the number, and the portal checks it. */
export function Order({ onDone }: { onDone: (what: string) => void }) {
  const { t, language } = useT();
  const nameOf = useEntryName();
  const queries = useQueryClient();
  const suites = useSuites();
  const roster = useQuery({ queryKey: ["roster"], queryFn: () => api.get("/api/roster") });
  const [entry, setEntry] = useState(ALL);
  const [chosen, setSuite] = useState("");
  const counts = useSeason().data?.extent ?? "air";
  const [wished, setExtent] = useState<Run["extent"] | null>(null);
  const extent = wished ?? counts;
  const [asking, ask] = useState(false);
  /** The number that the portal has counted, when it was another one. */
  const [told, tell] = useState<number | null>(null);
  const queue = useQueue();
  const able = (roster.data ?? []).filter((row) => row.ready);
  const suite = suites.data?.find((one) => one.id === chosen) ?? suites.data?.[0];
  // Of all, those that are at it already are left alone.
  const busy = new Set(
    queue.data?.filter((run) => run.suite === suite?.id && run.extent === extent).map((run) => run.entry.entry_id),
  );
  const known = entry === ALL ? able.filter((row) => !busy.has(row.entry_id)).length : 1;
  const count = told ?? known;
  const questions = asked(suite, extent);
  const order = useMutation({
    mutationFn: () =>
      api.post("/api/benchmark-runs", {
        body: { entries: entry === ALL ? ALL : [entry], suite: suite?.id ?? "", extent, expected: count },
      }),
    onSuccess: () => {
      ask(false);
      tell(null);
      onDone(t("bench.ordered", { count }));
    },
    onError: (error) => {
      if (error instanceof ApiError && error.code === "run.expected") tell(Number(error.detail.found));
    },
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: BENCH }),
        // Somebody has become ready meanwhile, when the number was another one.
        queries.invalidateQueries({ queryKey: ["roster"] }),
      ]),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!suite || count === 0 || questions === 0) return;
    order.reset();
    tell(null);
    ask(true);
  };
  return (
    <Card className={css.order}>
      <h2>{t("bench.order")}</h2>
      <form className={css.form} onSubmit={submit}>
        <SelectField label={t("bench.entry")} value={entry} onChange={(event) => setEntry(event.target.value)}>
          <option value={ALL}>{t("bench.all_entries", { count: able.length })}</option>
          {able.map((row) => (
            <option key={row.entry_id} value={row.entry_id}>
              {nameOf(row)}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={t("bench.suite")}
          value={suite?.id ?? ""}
          onChange={(event) => setSuite(event.target.value)}
        >
          {suites.data?.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name[language] ?? one.id}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={t("bench.extent")}
          value={extent}
          onChange={(event) => setExtent(event.target.value as Run["extent"])}
        >
          {EXTENTS.map((one) => (
            <option key={one} value={one}>
              {t(`bench.extents.${one}`, { count: asked(suite, one) })}
            </option>
          ))}
        </SelectField>
        <Button tone="gold" type="submit" disabled={!suite || count === 0 || questions === 0}>
          {t("bench.order_do", { count })}
        </Button>
      </form>
      {roster.data && able.length === 0 && <p className={css.mute}>{t("bench.nobody")}</p>}
      {(suites.error ?? roster.error) && <ErrorNote error={suites.error ?? roster.error} />}
      {asking && suite && (
        <Confirm
          title={t("bench.order_title", { count })}
          action={t("bench.order_do", { count })}
          tone="gold"
          busy={order.isPending}
          error={order.error}
          onConfirm={() => order.mutate()}
          onClose={() => {
            ask(false);
            tell(null);
          }}
        >
          {t("bench.order_text", {
            count: count * questions,
            suite: suite.name[language] ?? suite.id,
          })}
        </Confirm>
      )}
    </Card>
  );
}
