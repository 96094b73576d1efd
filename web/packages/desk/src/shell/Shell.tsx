import { cx, LanguageSwitch, Link, Mark, OtherLanguage, usePath } from "@gavel/ui";
import { type ReactNode, type RefObject, useLayoutEffect, useRef } from "react";
import { useT } from "../i18n";
import { useMe } from "../session";
import { AccountMenu } from "./AccountMenu";
import css from "./Shell.module.css";

export type DeskName = "contestant" | "producer" | "judge";

export interface NavItem {
  to: string;
  label: string;
  /** What waits on that page, and how to say so. */
  waiting?: { count: number; words: string };
}

interface ShellProps {
  desk: DeskName;
  nav?: NavItem[];
  /** Takes the head line instead of names and pages, where every line counts. */
  bar?: ReactNode;
  /** Shown under the header, such as the state of the connection. */
  banner?: ReactNode;
  width?: "narrow" | "normal" | "wide" | "full";
  children: ReactNode;
}

/** The page shown last, and whether the focus went away with it. Not in a Shell: some pages bring their own. */
let last: { path: string; focused: boolean } | null = null;

/** A screen reader goes on from the top of a new page, as after a real page change. */
function useFocusOnArrival(main: RefObject<HTMLElement | null>, path: string): void {
  useLayoutEffect(() => {
    const here = main.current;
    if (last !== null && (last.path !== path || last.focused)) here?.focus();
    last = { path, focused: false };
    return () => {
      last = { path, focused: here?.contains(document.activeElement) ?? false };
    };
  }, [main, path]);
}

/** On a phone the pages are a line that is longer than the screen: the one that is shown is in sight. */
function useInSight(pages: RefObject<HTMLElement | null>, path: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each page
  useLayoutEffect(() => {
    const line = pages.current;
    const here = line?.querySelector<HTMLElement>("[aria-current]");
    if (line && here) line.scrollLeft = here.offsetLeft - line.offsetLeft - (line.clientWidth - here.clientWidth) / 2;
  }, [pages, path]);
}

/** The frame of a desk's page: who and where one is, the pages, the content. */
export function Shell({ desk, nav = [], bar, banner, width = "normal", children }: ShellProps) {
  const { t } = useT();
  const { data: me } = useMe();
  const path = usePath();
  const main = useRef<HTMLElement>(null);
  const pages = useRef<HTMLElement>(null);
  useFocusOnArrival(main, path);
  useInSight(pages, path);
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#content">
        {t("shell.skip")}
      </a>
      <header className={css.bar}>
        <Link to="/" className={css.brand} aria-label={bar ? t(`desk.${desk}`) : undefined}>
          <Mark size={30} />
          {!bar && (
            <>
              <b>Gavel</b>
              <span>{t(`desk.${desk}`)}</span>
            </>
          )}
        </Link>
        {bar}
        {nav.length > 0 && (
          <nav ref={pages} aria-label={t("shell.nav")} className={css.nav}>
            {nav.map(({ to, label, waiting }) => (
              <Link key={to} to={to} aria-current={path === to ? "page" : undefined}>
                {label}
                {waiting && waiting.count > 0 && (
                  <>
                    <b className={css.count} aria-hidden="true">
                      {waiting.count}
                    </b>
                    <span className="hidden">, {waiting.words}</span>
                  </>
                )}
              </Link>
            ))}
          </nav>
        )}
        <div className={css.tools}>
          {bar ? <OtherLanguage /> : <LanguageSwitch />}
          {me && <AccountMenu me={me} />}
        </div>
      </header>
      {banner}
      <main id="content" ref={main} tabIndex={-1} className={cx(css.main, css[width])}>
        {children}
      </main>
    </div>
  );
}
