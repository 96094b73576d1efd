import { Gate, JoinPage, Lost, Shell } from "@gavel/desk";
import { match, usePath } from "@gavel/ui";
import { EntriesPage } from "../entries/EntriesPage";
import { EntryPage } from "../entries/EntryPage";
import { useT } from "../i18n";
import { JoinTeamPage } from "../team/JoinTeamPage";
import { TeamPage } from "../team/TeamPage";
import { TokensPage } from "../tokens/TokensPage";
import { ComparePage } from "../training/ComparePage";
import { RunPage } from "../training/RunPage";
import { VerdictPage } from "../verdict/VerdictPage";

function Page({ path }: { path: string }) {
  if (path === "/") return <EntriesPage />;
  if (path === "/team") return <TeamPage />;
  const invited = match("/team/join/:token", path);
  if (invited?.token) return <JoinTeamPage key={invited.token} token={invited.token} />;
  if (path === "/tokens") return <TokensPage />;
  const entry = match("/entries/:id", path);
  if (entry?.id) return <EntryPage key={entry.id} id={entry.id} />;
  const submission = match("/submissions/:id", path);
  if (submission?.id) return <VerdictPage key={submission.id} id={submission.id} />;
  const compared = match("/training/compare/:ids", path);
  if (compared?.ids) return <ComparePage key={compared.ids} ids={compared.ids.split(",")} />;
  const run = match("/training/:id", path);
  if (run?.id) return <RunPage key={run.id} id={run.id} />;
  return <Lost />;
}

export function App() {
  const { t } = useT();
  const path = usePath();
  const join = match("/join/:token", path);
  if (join?.token) return <JoinPage desk="contestant" token={join.token} />;
  const nav = [
    { to: "/", label: t("nav.entries") },
    { to: "/team", label: t("nav.team") },
    { to: "/tokens", label: t("nav.tokens") },
  ];
  return (
    <Gate desk="contestant">
      <Shell desk="contestant" nav={nav}>
        <Page path={path} />
      </Shell>
    </Gate>
  );
}
