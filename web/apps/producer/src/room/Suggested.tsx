import { api, type Desk, type SuggestedPair } from "@gavel/api";
import { useEntryName } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";
import { useT } from "../i18n";
import type { Draft } from "./draft";
import css from "./Setup.module.css";

const SHOWN = 4;

/** What the rule draws now; it draws anew when a duel is staged or an entry becomes ready. */
function usePairings(desk: Desk) {
  const episode = desk.episode.id;
  const ready = desk.roster.filter((row) => row.ready).length;
  return useQuery({
    queryKey: ["pairings", episode, desk.duel?.id, desk.phase, ready],
    queryFn: () => api.get("/api/episodes/{episode_id}/pairings", { params: { path: { episode_id: episode } } }),
  });
}

interface SuggestedProps {
  desk: Desk;
  draft: Draft;
  edit: (change: Partial<Draft>) => void;
}

/** Who should meet next, and why. Only advice: the producer may choose any two. */
export function Suggested({ desk, draft, edit }: SuggestedProps) {
  const { t } = useT();
  const plan = usePairings(desk).data;
  const rows = new Map(desk.roster.map((row) => [row.entry_id, row]));
  const nameOf = useEntryName();
  const name = (id: string) => {
    const row = rows.get(id);
    return row ? nameOf(row) : "";
  };
  const pairs = plan?.pairs.filter((pair) => rows.has(pair.a) && rows.has(pair.b)).slice(0, SHOWN) ?? [];
  if (!plan || pairs.length === 0) return null;
  const chosen = ({ a, b }: SuggestedPair) => [draft.a, draft.b].sort().join() === [a, b].sort().join();
  return (
    <fieldset className={css.ideas}>
      <legend>{t("pairs.title")}</legend>
      <p className={css.rule}>{t(`pairs.${plan.stage}`)}</p>
      {pairs.map((pair, place) => (
        <button
          key={pair.a + pair.b}
          type="button"
          aria-pressed={chosen(pair)}
          onClick={() => edit({ a: pair.a, b: pair.b })}
        >
          <b>{t("pairs.pair", { a: name(pair.a), b: name(pair.b) })}</b>
          <br />
          {place === 0 && pair.chance !== null && t("pairs.drawn", { chance: Math.round(100 * pair.chance) })}
          <Why pair={pair} />
        </button>
      ))}
    </fieldset>
  );
}

function Why({ pair: { met, chance, half_width: width, gain } }: { pair: SuggestedPair }) {
  const { t } = useT();
  if (met === 0) return <>{t("pairs.never")}</>;
  if (chance === null) return <>{t("pairs.frozen", { met })}</>;
  if (width === null || gain === null) return <>{t("pairs.unrated", { met })}</>;
  return <>{t("pairs.doubt", { met, width: Math.round(width), gain: gain.toFixed(1) })}</>;
}
