import "@gavel/ui/noto.css";
import { cx, Mark } from "@gavel/ui";
import { type ReactNode, useEffect } from "react";
import css from "./Frame.module.css";
import { useScale } from "./useScale";

interface FrameProps {
  transparent: boolean;
  /** Null: nothing has come yet, and the hall sees the mark, or over pictures nothing. */
  children: ReactNode | null;
  /** What to say while nothing has come. */
  waiting: string;
  /** What to say about a lost line. */
  lost: string | null;
}

/** An on-air page: 1920 × 1080, scaled to any window, for a television or an OBS browser source. */
export function Frame({ transparent, children, waiting, lost }: FrameProps) {
  const scale = useScale();
  useEffect(() => {
    document.documentElement.dataset.surface = transparent ? "transparent" : "stage";
    return () => {
      delete document.documentElement.dataset.surface;
    };
  }, [transparent]);
  return (
    <div className={cx(css.frame, transparent && css.transparent)}>
      <div className={css.stage} style={{ transform: `translate(-50%, -50%) scale(${scale})` }}>
        {!transparent && <div className={css.light} aria-hidden="true" />}
        {children}
        {children === null && !transparent && (
          <main className={css.nothing}>
            <Mark size={140} />
            <p>{waiting}</p>
          </main>
        )}
        {children !== null && lost !== null && <p className={css.lost}>{lost}</p>}
      </div>
    </div>
  );
}
