import type { Program } from "@gavel/api";
import { Connection, PageHead, Shell, useTitle } from "@gavel/desk";
import { useChannel } from "@gavel/live";
import { EmptyState, Link, Loading, Mark } from "@gavel/ui";
import { SecondPerson } from "../ballots/SecondPerson";
import { useT } from "../i18n";
import { ProgramPanel } from "./ProgramPanel";

/** What a moderator has of an episode: the program of the duel on stage, without names and without the rundown, and a
 * word on what takes two people. */
export function ProgramPage({ id }: { id: string }) {
  const { state, status, serverNow } = useChannel<Program>(`program:${id}`);
  const { t } = useT();
  useTitle(t("program.title"));
  const refused = status === "denied" || status === "missing";
  return (
    <Shell desk="producer" width="wide" banner={<Connection status={status} />}>
      {refused ? (
        <EmptyState
          heading="h1"
          icon={<Mark size={64} />}
          title={t(`room.${status}`)}
          action={<Link to="/">{t("room.back")}</Link>}
        >
          {t(`room.${status}_text`)}
        </EmptyState>
      ) : state === null ? (
        <Loading />
      ) : (
        <Watched program={state} serverNow={serverNow} />
      )}
    </Shell>
  );
}

function Watched({ program, serverNow }: { program: Program; serverNow: () => number }) {
  const { t } = useT();
  const { episode, duel, phase } = program;
  const title = t("room.episode", { number: episode.number, title: episode.title });
  return (
    <>
      <PageHead
        title={duel ? duel.asked : title}
        kicker={duel ? `${title} · ${t("stage.duel", { number: duel.number })}` : undefined}
      >
        {t(duel ? "program.lead" : "program.idle")}
      </PageHead>
      {duel && <ProgramPanel duel={duel} steerable={phase === "duel"} serverNow={serverNow} />}
      <SecondPerson program={program} serverNow={serverNow} />
    </>
  );
}
