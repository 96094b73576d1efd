import { api, type DevicePlan } from "@gavel/api";
import { ErrorNote, Loading } from "@gavel/ui";
import { Scroll } from "@gavel/ui/scroll";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { bytes } from "../format";
import { useT } from "../i18n";
import css from "./Devices.module.css";

/** How a run lies on its devices, from the modules that its base model really has. Asked for when it is opened. */
export function Devices({ run }: { run: string }) {
  const { t } = useT();
  const [open, setOpen] = useState(false);
  const plan = useQuery({
    queryKey: ["devices", run],
    queryFn: () => api.get("/api/training/runs/{run_id}/devices", { params: { path: { run_id: run } } }),
    enabled: open,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <details className={css.devices} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("training.devices")}</summary>
      {plan.error && <ErrorNote error={plan.error} />}
      {open && plan.isPending && !plan.error && <Loading />}
      {plan.data && <Drawn plan={plan.data} />}
    </details>
  );
}

const KINDS = ["weight", "gradient", "optimiser"] as const;
type Share = DevicePlan["shares"][number];

const sumOf = (share: Share) => KINDS.reduce((sum, kind) => sum + share[`${kind}_bytes`], 0);

/** A table, whose first column draws which part of each layer a process holds: the whole width is the whole model. */
function Drawn({ plan }: { plan: DevicePlan }) {
  const { t, number } = useT();
  const { parts, shares, gathered_bytes } = plan;
  const all = parts.reduce((sum, part) => sum + part.parameters, 0);
  const trainable = parts.reduce((sum, part) => sum + part.trainable, 0);
  return (
    <>
      <p className={css.note}>
        {t("training.devices_lead", { parameters: number(all), trainable: number(trainable) })}
        {gathered_bytes > 0 && ` ${t("training.devices_gathered", { size: bytes(gathered_bytes) })}`}
      </p>
      <Scroll label={t("training.devices")}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{t("training.process")}</th>
              <th scope="col" className={css.wide}>
                {t("training.holds")}
              </th>
              {KINDS.map((kind) => (
                <th key={kind} scope="col">
                  {t(`training.${kind}`)}
                </th>
              ))}
              <th scope="col">{t("training.together")}</th>
            </tr>
          </thead>
          <tbody>
            {shares.map((share) => (
              <tr key={share.rank}>
                <th scope="row">
                  {number(share.rank)}
                  <small>{t("training.rows_each", { count: share.rows })}</small>
                </th>
                <td>
                  <Parts plan={plan} share={share} all={all} />
                </td>
                {KINDS.map((kind) => (
                  <td key={kind}>{bytes(share[`${kind}_bytes`])}</td>
                ))}
                <td>
                  <b>{bytes(sumOf(share))}</b>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

/** Each part as wide as it has parameters, and as full as this process holds of them. */
function Parts({ plan, share, all }: { plan: DevicePlan; share: Share; all: number }) {
  const { t, number } = useT();
  const held = share.held.reduce((sum, count) => sum + count, 0);
  const percent = number(held / Math.max(1, all), { style: "percent", maximumFractionDigits: 1 });
  return (
    <>
      <div className={css.parts} aria-hidden="true">
        {plan.parts.map((part, index) => (
          <span
            key={part.name}
            title={part.name}
            data-trains={part.trainable > 0 || undefined}
            style={{ flexGrow: part.parameters }}
          >
            <i style={{ height: `${(100 * (share.held[index] ?? 0)) / Math.max(1, part.parameters)}%` }} />
          </span>
        ))}
      </div>
      <small>{t("training.holds_share", { share: percent, parameters: number(held) })}</small>
    </>
  );
}
