import type { Flag, FlagSide } from "@gavel/api";
import { Heat, Pill, useTimes } from "@gavel/desk";
import { type ReactNode, useMemo } from "react";
import { useT } from "../i18n";
import { gridOf } from "./likeness";
import css from "./Similar.module.css";

const DIGEST_SHOWN = 12;

export function nameOf({ entry_name, version }: FlagSide): string {
  return `${entry_name} v${version}`;
}

/** Who is like whom. The later one first: it is the one the flag is about. */
export function Pair({ flag }: { flag: Flag }) {
  const { t } = useT();
  return (
    <div className={css.pair}>
      <Side side={flag.submission} role={t("similar.later")} />
      <Side side={flag.other} role={t("similar.earlier")} />
      {flag.identical && <Pill tone="warn">{t("similar.identical")}</Pill>}
    </div>
  );
}

function Side({ side, role }: { side: FlagSide; role: string }) {
  const { t } = useT();
  const { moment } = useTimes();
  return (
    <div className={css.side}>
      <p className={css.mute}>{role}</p>
      <h3>
        {side.entry_name} <span>{t("similar.version", { n: side.version })}</span>
      </h3>
      <p className={css.mute}>
        {t("similar.by_at", {
          owner: side.team ? `${side.team} (${side.owner})` : side.owner,
          time: moment(side.sent_at),
        })}
        {side.digest && (
          <>
            {" · "}
            <code title={side.digest}>{side.digest.slice(0, DIGEST_SHOWN)}</code>
          </>
        )}
      </p>
    </div>
  );
}

/** The numbers and the map; what they were measured with. */
export function Evidence({ flag }: { flag: Flag }) {
  const { t, number } = useT();
  const { modules, values } = useMemo(() => gridOf(flag.modules), [flag.modules]);
  const cosine = (value: number) => number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const threshold = cosine(flag.threshold);
  // Only adapters are measured; of the other kinds, equal bytes are all there is to say.
  if (modules.length === 0) return <p className={css.mute}>{t("similar.identical_note")}</p>;
  return (
    <>
      <dl className={css.facts}>
        <Fact name={t("similar.cosine")} note={t("similar.cosine_note", { threshold })}>
          {/* A near copy must not read as the same: 0.998 is not 1.00. */}
          {number(flag.cosine, { minimumFractionDigits: 2, maximumFractionDigits: 4 })}
        </Fact>
        <Fact name={t("similar.share")} note={t("similar.share_note")}>
          {number(flag.energy_share, { style: "percent" })}
        </Fact>
        <Fact name={t("similar.calibration")} note={t("similar.calibration_note", { threshold })}>
          {flag.calibration}
        </Fact>
      </dl>
      <Heat
        small
        label={t("similar.map")}
        modules={modules}
        values={values}
        max={1}
        mark={flag.threshold}
        format={cosine}
        none={t("similar.absent")}
      />
    </>
  );
}

function Fact({ name, note, children }: { name: string; note: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <b>{children}</b>
        <span>{note}</span>
      </dd>
    </div>
  );
}
