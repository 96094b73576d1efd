import { api } from "@gavel/api";
import { Button, cx } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import { canCheck, holds, type Known } from "../shared/ledger";
import css from "./ReceiptCheck.module.css";

type Check =
  | { step: "idle" }
  | { step: "busy" }
  | { step: "good"; size: number }
  | { step: "bad" }
  | { step: "error"; error: unknown };

interface ReceiptCheckProps {
  ballot: string;
  known: Known;
}

/** The viewer need not believe anybody: this device recomputes the ledger and looks for its receipt. */
export function ReceiptCheck({ ballot, known }: ReceiptCheckProps) {
  const { t, number, errorText } = useT();
  const [check, setCheck] = useState<Check>({ step: "idle" });

  async function run() {
    setCheck({ step: "busy" });
    try {
      const ledger = await api.get("/api/ballots/{ballot_id}/ledger", { params: { path: { ballot_id: ballot } } });
      setCheck((await holds(ledger, known)) ? { step: "good", size: ledger.size } : { step: "bad" });
    } catch (error) {
      setCheck({ step: "error", error });
    }
  }

  const title =
    check.step === "good" ? t("receipt.good") : check.step === "bad" ? t("receipt.bad") : t("receipt.title");
  const text = () => {
    if (check.step === "good") return t("receipt.good_text", { count: check.size });
    if (check.step === "bad") return t("receipt.bad_text");
    if (check.step === "error") return errorText(check.error);
    return canCheck() ? t("receipt.text", { seq: number(known.receipt.number) }) : t("receipt.insecure");
  };
  return (
    <section className={cx(css.check, css[check.step])} aria-live="polite">
      <p>
        <b>{title}</b>
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
