import { EmptyState } from "@gavel/ui";
import { Component, type ReactNode } from "react";
import { useT } from "../i18n";

const RELOAD_MS = 2_000;
const AGAIN_MS = 20_000;

function Crash() {
  const { t } = useT();
  return <EmptyState title={t("crash.title")}>{t("crash.text")}</EmptyState>;
}

/**
 * An unexpected error reloads the page after two seconds, slower when it comes again at once:
 * nobody sits beside an overlay to press a button. What stands around it stays until then.
 */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidCatch(error: unknown) {
    console.error(error);
    const soon = performance.now() > AGAIN_MS;
    setTimeout(() => location.reload(), soon ? RELOAD_MS : AGAIN_MS);
  }

  override render() {
    return this.state.failed ? <Crash /> : this.props.children;
  }
}
