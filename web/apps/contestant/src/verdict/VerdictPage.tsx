import type { Submission } from "@gavel/api";
import { Connection, PageHead } from "@gavel/desk";
import { useChannel } from "@gavel/live";
import { Button, EmptyState, Link, Loading, navigate } from "@gavel/ui";
import { endsVerified } from "../app/queries";
import { StatePill } from "../app/StatePill";
import { Bench } from "../bench/Bench";
import { DecideHere } from "../decide/Decide";
import { ExportCard } from "../export/ExportCard";
import { useT } from "../i18n";
import { TrainCard } from "../training/TrainCard";
import { Checklist } from "./Checklist";
import { DatasetCard } from "./DatasetCard";
import { Facts } from "./Facts";
import { Now } from "./Now";
import { Steps } from "./Steps";
import css from "./VerdictPage.module.css";
import { XrayCard } from "./XrayCard";

/** What became of one version, filling in by itself. */
export function VerdictPage({ id }: { id: string }) {
  const { t } = useT();
  const { state, status } = useChannel<Submission>(`submission:${id}`);
  const refused = status === "missing" || status === "denied";
  return (
    <>
      <Connection status={status} />
      {refused ? (
        <EmptyState
          heading="h1"
          title={t("submission.missing")}
          action={<Button onClick={() => navigate("/")}>{t("entry.back")}</Button>}
        />
      ) : state === null ? (
        <Loading />
      ) : (
        <Verdict submission={state} />
      )}
    </>
  );
}

function Verdict({ submission }: { submission: Submission }) {
  const { t } = useT();
  const arrived = submission.state !== "uploading" && submission.state !== "cancelled";
  return (
    <>
      <PageHead
        title={`${submission.entry_name} · ${t("entries.version", { n: submission.version })}`}
        kicker={<Link to={`/entries/${submission.entry_id}`}>← {submission.entry_name}</Link>}
        actions={<StatePill submission={submission} />}
      />
      <Steps submission={submission} />
      <Now submission={submission} />
      {arrived && (
        <>
          <div className={css.decide}>
            <DecideHere submission={submission} />
          </div>
          {submission.artifact === "dataset" && <TrainCard submission={submission} />}
          <div className={css.columns}>
            <Checklist submission={submission} />
            <Facts submission={submission} />
          </div>
          {submission.artifact === "dataset" && <DatasetCard submission={submission} />}
          {submission.artifact === "adapter" && <XrayCard submission={submission} />}
          {!endsVerified(submission) && <Bench submission={submission} />}
          {submission.artifact === "adapter" && <ExportCard submission={submission} />}
        </>
      )}
    </>
  );
}
