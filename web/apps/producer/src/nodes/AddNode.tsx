import { api } from "@gavel/api";
import { CopyLine, SmallButton, useTimes } from "@gavel/desk";
import { Card, ErrorNote } from "@gavel/ui";
import { useMutation } from "@tanstack/react-query";
import { useT } from "../i18n";
import css from "./Nodes.module.css";

/** The command that makes another machine a node of this site. */
export function AddNode() {
  const { t } = useT();
  const { moment } = useTimes();
  const make = useMutation({ mutationFn: () => api.post("/api/nodes/tokens") });
  return (
    <Card className={css.node}>
      <h2>{t("nodes.add")}</h2>
      <p className={css.mute}>{t("nodes.add_text")}</p>
      <p className={css.mute}>{t("nodes.elsewhere")}</p>
      <SmallButton onClick={() => make.isPending || make.mutate()}>{t("nodes.make")}</SmallButton>
      {make.error && <ErrorNote error={make.error} />}
      <div role="status" className={css.made}>
        {make.data && (
          <>
            <CopyLine text={make.data.command} what={t("nodes.command")} />
            <p className={css.mute}>{t("nodes.until", { time: moment(make.data.expires_at) })}</p>
          </>
        )}
      </div>
    </Card>
  );
}
