import { api } from "@gavel/api";
import { Button, cx } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import { canCheck, holds, type Known } from "../shared/ledger";
import type { Kept } from "./kept";
import css from "./ReceiptCheck.module.css";

type Check =
  | { step: "idle" }
  | { step: "busy" }
  | { step: "good"; size: number }
  | { step: "bad" }
  | { step: "error"; error: unknown };

interface ReceiptCheckProps {
  ballot: string;
  /** What the server says now. */
  says: Known;
  kept: Kept;
}

/**
 * The viewer need not believe anybody: this device recomputes the ledger and holds it against what it kept from before
 * the reveal. Where it kept nothing, the server could only be compared with itself, and the page says so.
 */
export function ReceiptCheck({ ballot, says, kept }: ReceiptCheckProps) {
  const { t, number, errorText } = useT();
  const [check, setCheck] = useState<Check>({ step: "idle" });

  const known: Known = { ...says, ...kept.vote, root: kept.root ?? says.root };
  const whole = kept.vote !== null && kept.root !== null;

  async function run() {
    setCheck({ step: "busy" });
    try {
      const ledger = await api.get("/api/ballots/{ballot_id}/ledger", { params: { path: { ballot_id: ballot } } });
      const good = says.root === known.root && (await holds(ledger, known));
      setCheck(good ? { step: "good", size: ledger.size } : { step: "bad" });
    } catch (error) {
      setCheck({ step: "error", error });
    }
  }

  const title = () => {
    if (check.step === "good") return t(kept.vote ? "receipt.good" : "receipt.consistent");
    return t(check.step === "bad" ? "receipt.bad" : "receipt.title");
  };
  const text = () => {
    if (check.step === "good") return t(whole ? "receipt.good_text" : "receipt.consistent_text", { count: check.size });
    if (check.step === "bad") return t("receipt.bad_text");
    if (check.step === "error") return errorText(check.error);
    return canCheck() ? t("receipt.text", { seq: number(known.receipt.number) }) : t("receipt.insecure");
  };
  return (
    <section className={cx(css.check, css[check.step])} aria-live="polite">
      <p>
        <b>{title()}</b>
        {text()}
      </p>
      {check.step !== "good" && check.step !== "bad" && canCheck() && (
        <Button onClick={() => void run()} disabled={check.step === "busy"}>
          {check.step === "busy" ? t("receipt.checking") : t("receipt.check")}
        </Button>
      )}
    </section>
  );
}
