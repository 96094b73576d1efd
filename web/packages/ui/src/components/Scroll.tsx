import type { ReactNode } from "react";
import css from "./Scroll.module.css";

/** A table wider than a phone scrolls, also by keyboard. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: nothing in it takes the focus, and it has to be scrolled
    <section className={css.scroll} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
