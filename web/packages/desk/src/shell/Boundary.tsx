import { Button, EmptyState } from "@gavel/ui";
import { Component, type ReactNode } from "react";
import { useT } from "../i18n";

function Crash() {
  const { t } = useT();
  return (
    <main>
      <EmptyState
        heading="h1"
        title={t("crash.title")}
        action={
          <Button tone="gold" onClick={() => location.reload()}>
            {t("crash.reload")}
          </Button>
        }
      >
        {t("crash.text")}
      </EmptyState>
    </main>
  );
}

/** What is shown when a page breaks: never a blank screen. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? <Crash /> : this.props.children;
  }
}
