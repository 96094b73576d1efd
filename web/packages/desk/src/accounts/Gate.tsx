import type { Me, Role } from "@gavel/api";
import { Button, EmptyState, ErrorNote, Loading, Mark } from "@gavel/ui";
import type { ReactNode } from "react";
import { useT } from "../i18n";
import { useMe, useSignOut } from "../session";
import { useTitle } from "../shell/Page";
import { type DeskName, Shell } from "../shell/Shell";
import { SignInPage } from "./SignInPage";

interface GateProps {
  desk: DeskName;
  /** Another role that has pages here. */
  also?: Role;
  children: ReactNode;
}

/** Lets the right people in, and tells everybody else what is missing. */
export function Gate({ desk, also, children }: GateProps) {
  const me = useMe();
  if (me.data === null) return <SignInPage desk={desk} />;
  if (me.data === undefined) {
    return <Shell desk={desk}>{me.error ? <ErrorNote error={me.error} /> : <Loading />}</Shell>;
  }
  const { roles } = me.data;
  if (!roles.includes(desk) && !(also && roles.includes(also))) return <Forbidden desk={desk} me={me.data} />;
  return children;
}

function Forbidden({ desk, me }: { desk: DeskName; me: Me }) {
  const { t, language } = useT();
  const signOut = useSignOut();
  const roles = me.roles.map((role) => t(`role.${role}`));
  const title = t("forbidden.title", { role: t(`role.${desk}`) });
  useTitle(title);
  return (
    <Shell desk={desk}>
      <EmptyState
        heading="h1"
        icon={<Mark size={64} />}
        title={title}
        action={
          <Button disabled={signOut.isPending} onClick={() => signOut.mutate()}>
            {t("forbidden.other")}
          </Button>
        }
      >
        {t("forbidden.text", { name: me.display_name, roles: new Intl.ListFormat(language).format(roles) })}
      </EmptyState>
    </Shell>
  );
}
