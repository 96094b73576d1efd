import type { BaseModel } from "@gavel/api";
import { bytes, CopyLine, Pill } from "@gavel/desk";
import { Card } from "@gavel/ui";
import type { ReactNode } from "react";
import { useT } from "../i18n";
import { Digest } from "./Digest";
import css from "./Models.module.css";
import { Serving } from "./Serving";

/** One base model: its papers, who builds on it, who serves it. */
export function Model({ model }: { model: BaseModel }) {
  const { t, number } = useT();
  const used = model.seasons.length > 0;
  const rows: [string, ReactNode][] = [
    [t("models.source"), `${t(`models.kind.${model.source}`)}${model.place ? ` · ${model.place}` : ""}`],
    [t("models.revision"), <Digest key="revision" of={model.revision} />],
    [t("models.weights"), model.digest ? <Digest key="weights" of={model.digest} /> : t("models.made_here")],
    [t("models.size"), model.bytes ? bytes(model.bytes) : "–"],
    [t("models.context"), t("models.tokens", { count: number(model.context) })],
    [t("models.rank"), String(model.max_rank)],
    [
      t("models.licence"),
      <a key="licence" href={model.licence_url} target="_blank" rel="noreferrer">
        {model.licence}
      </a>,
    ],
  ];
  return (
    <Card className={css.model} aria-label={model.id}>
      <div className={css.head}>
        <h2>{model.id}</h2>
        <Pill tone={used ? "good" : "calm"}>{t(used ? "models.used" : "models.unused")}</Pill>
      </div>
      <dl className={css.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className={css.part}>
        <h3>{t("models.seasons")}</h3>
        <p>{used ? model.seasons.map((season) => season.name).join(t("models.comma")) : t("models.no_season")}</p>
      </div>
      <Serving model={model} />
      {model.nodes.length === 0 && <CopyLine text={`gavel engine --base-model ${model.id}`} what={t("models.serve")} />}
    </Card>
  );
}
