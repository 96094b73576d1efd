import type { Desk, Program } from "@gavel/api";
import { Connection, Shell, useTitle } from "@gavel/desk";
import { useChannel } from "@gavel/live";
import { EmptyState, Link, Loading, Mark } from "@gavel/ui";
import type { ReactNode } from "react";
import { useSeason } from "../app/queries";
import { Ballots } from "../ballots/Ballots";
import { useT } from "../i18n";
import { ProgramPanel } from "../program/ProgramPanel";
import { Bar } from "./Bar";
import { SPENT, useDraft } from "./draft";
import { Finish } from "./Finish";
import { Join } from "./Join";
import { Log } from "./Log";
import { Nodes } from "./Nodes";
import { nextOf } from "./next";
import { OnStage } from "./OnStage";
import { Refusal } from "./Refusal";
import css from "./Room.module.css";
import { Setup } from "./Setup";
import { SpeedLink } from "./SpeedLink";
import { useCommand } from "./useCommand";
import { VoteLength } from "./VoteLength";

/** Until the season has said its own limit; the portal refuses what is longer in any case. */
const PROMPT_LIMIT = 500;

/** The control room of one episode. */
export function RoomPage({ id }: { id: string }) {
  const { state, status, serverNow } = useChannel<Desk>(`desk:${id}`);
  const { t } = useT();
  useTitle(state ? t("room.episode", { number: state.episode.number, title: state.episode.title }) : t("title"));
  const refused = status === "denied" || status === "missing";
  // A refusal comes first: a desk that goes on showing its last state would look as if the show stood still.
  if (state && !refused) return <Room desk={state} serverNow={serverNow} connection={<Connection status={status} />} />;
  return (
    <Shell desk="producer" banner={<Connection status={status} />}>
      {refused ? (
        <EmptyState
          heading="h1"
          icon={<Mark size={64} />}
          title={t(`room.${status}`)}
          action={<Link to="/">{t("room.back")}</Link>}
        >
          {t(`room.${status}_text`)}
        </EmptyState>
      ) : (
        <Loading />
      )}
    </Shell>
  );
}

/** Beside the program: what is about to go on air. Shown for the duel on stage alone, never for the one before it. */
function Preview({ id, duel }: { id: string; duel: string | undefined }) {
  const { state, serverNow } = useChannel<Program>(`program:${id}`);
  const shown = state?.duel;
  if (!shown || shown.duel_id !== duel || shown.state === "failed") return null;
  return <ProgramPanel duel={shown} steerable={state.phase === "duel"} serverNow={serverNow} />;
}

interface RoomProps {
  desk: Desk;
  serverNow: () => number;
  connection: ReactNode;
}

function Room({ desk, serverNow, connection }: RoomProps) {
  const [draft, edit] = useDraft(desk.episode.id);
  const limit = useSeason().data?.max_prompt_chars ?? PROMPT_LIMIT;
  const hand = useCommand(desk);
  const next = nextOf(desk, draft, limit);
  const over = desk.phase === "finished";
  const preparing = desk.phase === "idle" || desk.phase === "revealed";
  const bar = (
    <Bar
      {...{ desk, next, serverNow }}
      seconds={draft.seconds}
      busy={hand.busy}
      onGo={(command) =>
        hand.give(command, {
          // The prompt is on stage now; the next duel begins with an empty one.
          onSuccess: () => next.step === "start" && edit(SPENT),
        })
      }
    />
  );
  return (
    <Shell desk="producer" width="full" bar={bar} banner={connection}>
      {hand.error && <Refusal error={hand.error} onDismiss={hand.dismiss} />}
      <div className={css.room} data-preparing={preparing || undefined}>
        <div className={css.setup}>{!over && <Setup {...{ desk, draft, edit, limit, hand }} />}</div>
        <div className={css.stage}>
          <OnStage desk={desk} />
          {desk.phase === "duel" && <Preview id={desk.episode.id} duel={desk.duel?.id} />}
          <Log events={desk.log} />
        </div>
        <aside className={css.rail}>
          <Join episode={desk.episode} />
          {!over && <VoteLength phase={desk.phase} episode={desk.episode.id} {...{ draft, edit }} />}
          <Ballots {...{ desk, serverNow }} />
          <Nodes nodes={desk.nodes} />
          <SpeedLink episode={desk.episode.id} />
          {!over && <Finish phase={desk.phase} hand={hand} />}
        </aside>
      </div>
    </Shell>
  );
}
