import { PageHead } from "@gavel/desk";
import { Card, EmptyState, ErrorNote, Loading } from "@gavel/ui";
import { useRef, useState } from "react";
import { useNodes } from "../app/queries";
import { useT } from "../i18n";
import { NodeStatus } from "../room/Nodes";
import { Actions, type Done } from "./Actions";
import { AddNode } from "./AddNode";
import { Facts } from "./Facts";
import css from "./Nodes.module.css";

/** The engines of the site: what each is, what it is at, and what may be done with it. */
export function NodesPage() {
  const { t } = useT();
  const nodes = useNodes();
  const [done, setDone] = useState<Done | null>(null);
  const news = useRef<HTMLParagraphElement>(null);
  const tell = (what: Done) => {
    setDone(what);
    // A removed node takes its buttons with it, and the focus must not go with them.
    news.current?.focus();
  };
  return (
    <>
      <PageHead title={t("nodes.title")}>{t("nodes.lead")}</PageHead>
      <p ref={news} className={css.news} role="status" tabIndex={-1}>
        {done && t(done === "recycle" ? "nodes.will_recycle" : "nodes.removed")}
      </p>
      {nodes.error && <ErrorNote error={nodes.error} />}
      {nodes.isPending && !nodes.error && <Loading />}
      {nodes.data?.length === 0 && <EmptyState title={t("nodes.empty")}>{t("nodes.empty_text")}</EmptyState>}
      <ul className={css.list}>
        {nodes.data?.map((node) => (
          <li key={node.id}>
            <Card className={css.node}>
              <div className={css.status}>
                <NodeStatus node={node} />
              </div>
              <Facts node={node} />
              <Actions node={node} onDone={tell} />
            </Card>
          </li>
        ))}
      </ul>
      <AddNode />
    </>
  );
}
