import type { PrintedSheet } from "@gavel/api";
import { SmallButton } from "@gavel/desk";
import { Button, Card } from "@gavel/ui";
import { Qr } from "@gavel/ui/qr";
import { useEffect, useRef } from "react";
import { useT } from "../i18n";
import css from "./Seats.module.css";

interface SlipsProps {
  printed: PrintedSheet;
  title: string;
  onClose: () => void;
}

/** One slip for each seat, to be cut apart. Seen now and never again: the site keeps no code. */
export function Slips({ printed, title, onClose }: SlipsProps) {
  const { t } = useT();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <Card className={css.card}>
      <h2 ref={heading} tabIndex={-1}>
        {t("seats.print_title", { count: printed.seats.length })}
      </h2>
      <p>{t("seats.print_text")}</p>
      <div className={css.actions}>
        <Button tone="gold" onClick={() => print()}>
          {t("seats.print")}
        </Button>
        <SmallButton onClick={onClose}>{t("seats.close")}</SmallButton>
      </div>
      <ol className={css.slips} data-print>
        {printed.seats.map(({ number, code, url }) => (
          <li key={number}>
            <Qr text={url} label={t("seats.qr", { number })} className={css.qr} />
            <div>
              <small>
                {title} · {t("seats.number", { number })}
              </small>
              <code>{code}</code>
              <small>{url.replace(/^https?:\/\//, "").replace(/#.*/, "")}</small>
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}
