import { api, type Ballot, type Proof } from "@gavel/api";
import { Card, cx, Loading } from "@gavel/ui";
import { useEffect, useState } from "react";
import { keptOf } from "../phone/kept";
import type { Counted } from "../phone/vote";
import { fingerprint } from "../shared/fingerprint";
import { useLoad } from "../shared/load";
import { recall, remember } from "../shared/remember";
import { Frame } from "../speed/Frame";
import { Aside } from "./Aside";
import css from "./Check.module.css";
import { useT } from "./i18n";
import { canCheck, check, type StepName, type Steps } from "./proof";

const STEPS = ["leaf", "path", "root", "seal"] as const satisfies readonly StepName[];
const SIGNS = { good: "✓", bad: "✗", unknown: "–" } as const;

/** What this device has of its vote. The server is asked only where the device kept nothing, and the page says so. */
interface Found {
  vote: Counted | null;
  kept: boolean;
  proof: Proof | null;
  saved: boolean;
}

async function find(ballot: string): Promise<Found> {
  const kept = keptOf(ballot).vote;
  const params = { path: { ballot_id: ballot } };
  const vote = kept ?? ((await api.get("/api/ballots/{ballot_id}/my-vote", { params })) as Counted | null);
  if (vote === null) return { vote, kept: false, proof: null, saved: false };
  const { shard, seq } = vote.receipt;
  try {
    const proof = await api.get("/api/ballots/{ballot_id}/proof", {
      params: { path: { ballot_id: ballot }, query: { shard, seq } },
    });
    remember(`proof.${ballot}`, proof);
    return { vote, kept: kept !== null, proof, saved: false };
  } catch (error) {
    const proof = recall<Proof>(`proof.${ballot}`);
    if (proof === null) throw error;
    return { vote, kept: kept !== null, proof, saved: true };
  }
}

/** The root that a code on the big screen carries in the address, or the one that this device saw at the lock. */
function rootOnAir(ballot: string): string | null {
  const carried = location.hash.slice(1);
  return /^[0-9a-f]{64}$/.test(carried) ? carried : keptOf(ballot).root;
}

function Step({ name, steps, proof, onAir }: { name: StepName; steps: Steps; proof: Proof; onAir: string | null }) {
  const { t, number } = useT();
  const state = steps[name];
  return (
    <li className={css[state]}>
      <b>
        <span aria-hidden="true">{SIGNS[state]}</span> {t(`check.${name}.name`)}
      </b>
      <p>
        {t(`check.${name}.${state}`, {
          hashes: number(proof.hashes.length),
          size: number(proof.size),
          onAir: fingerprint(onAir ?? ""),
          key: fingerprint(proof.seal?.key ?? ""),
        })}
      </p>
      {name === "root" && <code>{fingerprint(proof.root)}</code>}
    </li>
  );
}

interface CheckedProps extends Found {
  ballot: string;
  about: Ballot | null;
  vote: Counted;
  proof: Proof;
}

function Checked({ ballot, about, vote, kept, proof, saved }: CheckedProps) {
  const { t, language, number } = useT();
  const nameOf = useChoice(about);
  const [steps, setSteps] = useState<Steps | null>(null);
  const onAir = rootOnAir(ballot);
  useEffect(() => {
    let current = true;
    void check(vote, proof, onAir).then((found) => current && setSteps(found));
    return () => {
      current = false;
    };
  }, [vote, proof, onAir]);
  const bad = steps !== null && STEPS.some((name) => steps[name] === "bad");
  const { receipt, choice, n } = vote;
  return (
    <Card className={css.card}>
      <div role="status" className={cx(css.outcome, steps && css[bad ? "bad" : "good"])}>
        {steps && <h2>{t(bad ? "check.bad" : "check.good")}</h2>}
        {bad && <p>{t("check.bad_text")}</p>}
      </div>
      {saved && <p className={css.note}>{t("check.saved")}</p>}
      {!kept && <p className={css.note}>{t("check.asked_server")}</p>}
      <h3>{t("check.yours")}</h3>
      <p>
        {t("check.yours_text", {
          choice: nameOf(choice),
          n: number(n),
          time: new Intl.DateTimeFormat(language, { timeStyle: "medium" }).format(new Date(receipt.at)),
          shard: number(receipt.shard),
          seq: number(receipt.seq),
          number: number(receipt.seq + 1),
        })}
      </p>
      {steps && (
        <ol className={css.steps}>
          {STEPS.map((name) => (
            <Step key={name} name={name} steps={steps} proof={proof} onAir={onAir} />
          ))}
        </ol>
      )}
    </Card>
  );
}

/** What was chosen, in words: a duel's four are known here, any other question's are the producer's. */
function useChoice(about: Ballot | null): (choice: string) => string {
  const { find, language } = useT();
  return (choice) => {
    const { zh = "", en = "" } = about?.config.options.find(({ id }) => id === choice) ?? {};
    return find(`choice.${choice}`) ?? ((language === "zh" ? zh || en : en || zh) || choice);
  };
}

function Recount({ ballot, found }: { ballot: string; found: Found | null }) {
  const { t } = useT();
  const root = rootOnAir(ballot);
  const { vote, proof } = found ?? {};
  const known = `${proof?.seal ? ` --key ${proof.seal.key}` : ""}${root ? ` --root ${root}` : ""}`;
  return (
    <Card className={css.card}>
      <h2>{t("check.recount")}</h2>
      <p>{t("check.recount_text")}</p>
      <p className={css.links}>
        <a href={`/api/ballots/${ballot}/evidence`}>{t("check.evidence")}</a>
        <a href="/verify.py">{t("check.program")}</a>
      </p>
      <p>{t("check.command")}</p>
      <pre>{`python3 verify.py ballot-${ballot}.jsonl.gz${known}`}</pre>
      {vote && (
        <details>
          <summary>{t("check.receipt")}</summary>
          <pre>{JSON.stringify({ ballot_id: ballot, ...vote })}</pre>
        </details>
      )}
    </Card>
  );
}

/** "Check my vote": each step in words, computed here. Works from what the device has saved when there is no network. */
export default function CheckPage({ ballot }: { ballot: string }) {
  const { t, errorText } = useT();
  const { data, error } = useLoad(ballot, () => find(ballot));
  const { data: about } = useLoad(`ballot ${ballot}`, () =>
    api.get("/api/ballots/{ballot_id}", { params: { path: { ballot_id: ballot } } }),
  );
  const { vote, proof } = data ?? {};
  return (
    <Frame title={t("check.title")}>
      <p className={css.lead}>{t("check.lead")}</p>
      {!canCheck() && <p role="alert">{t("check.insecure")}</p>}
      {data === null && error === null && <Loading />}
      {error !== null && <p role="alert">{errorText(error)}</p>}
      {data && !vote && <p role="alert">{t("check.no_receipt")}</p>}
      {canCheck() && data && vote && proof && (
        <Checked {...data} ballot={ballot} about={about} vote={vote} proof={proof} />
      )}
      <Aside ballot={ballot} episode={about?.episode_id} />
      <Recount ballot={ballot} found={data} />
    </Frame>
  );
}
