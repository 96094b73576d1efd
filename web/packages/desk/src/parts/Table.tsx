import { Scroll } from "@gavel/ui/scroll";
import type { ReactNode } from "react";
import css from "./Table.module.css";

/** A table of figures. On a phone it scrolls, also by keyboard. */
export function Table({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Scroll label={label}>
      <table className={css.table}>{children}</table>
    </Scroll>
  );
}
