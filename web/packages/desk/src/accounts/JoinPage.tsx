import { ApiError, api, type InvitationState, type Me, type Role } from "@gavel/api";
import { Button, Card, EmptyState, ErrorNote, Loading, Mark, navigate } from "@gavel/ui";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTimes } from "../format";
import { useT } from "../i18n";
import { useArrive, useMe, useSignOut } from "../session";
import { useTitle } from "../shell/Page";
import { type DeskName, Shell } from "../shell/Shell";
import { AuthForm } from "./AuthForm";
import css from "./accounts.module.css";

/** Where a role works; auditors and operators have no page of their own. */
function deskOf(role: Role): DeskName | null {
  if (role === "moderator") return "producer";
  return role === "contestant" || role === "judge" || role === "producer" ? role : null;
}

/** To the desk of a role; without one the invitation stays, and says so. */
function enter(desk: DeskName, role: Role): void {
  const home = deskOf(role);
  if (home === desk) navigate("/");
  else if (home !== null) location.assign(`/${home}/`);
}

/** An invitation link: what it gives, until when, and the way in for new and for known people. */
export function JoinPage({ desk, token }: { desk: DeskName; token: string }) {
  const { t } = useT();
  useTitle(t("join.title"));
  const invitation = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => api.get("/api/invitations/{token}", { params: { path: { token } } }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const me = useMe();
  const body = () => {
    const { data, error } = invitation;
    if (error instanceof ApiError && error.status === 404) return <Dead title={t("join.unknown")} />;
    if (error) return <ErrorNote error={error} />;
    if (data === undefined || me.data === undefined) {
      return me.error ? <ErrorNote error={me.error} /> : <Loading />;
    }
    return <Invitation desk={desk} token={token} invitation={data} me={me.data} />;
  };
  return (
    <Shell desk={desk} width="narrow">
      {body()}
    </Shell>
  );
}

function Dead({ title, children }: { title: string; children?: string }) {
  const { t } = useT();
  return (
    <EmptyState
      heading="h1"
      icon={<Mark size={64} />}
      title={title}
      action={<Button onClick={() => navigate("/")}>{t("join.home")}</Button>}
    >
      {children}
      {children && <br />}
      {t("join.ask")}
    </EmptyState>
  );
}

interface InvitationProps {
  desk: DeskName;
  token: string;
  invitation: InvitationState;
  me: Me | null;
}

function Invitation({ desk, token, invitation: { role, expires_at, valid }, me }: InvitationProps) {
  const { t } = useT();
  const { moment } = useTimes();
  const until = moment(expires_at);
  const already = me?.roles.includes(role) ?? false;
  if (!valid && !already) {
    const expired = Date.parse(expires_at) <= Date.now();
    if (!expired) return <Dead title={t("join.used")} />;
    return <Dead title={t("join.expired")}>{t("join.expired_at", { time: until })}</Dead>;
  }
  return (
    <>
      <div className={css.door}>
        <Mark size={64} />
        <h1>{t("join.title")}</h1>
      </div>
      <Card className={css.card}>
        <p className={css.role}>
          <small>{t("join.as")}</small>
          <b>{t(`role.${role}`)}</b>
          <span>{t("join.until", { time: until })}</span>
          <span>{t("join.once")}</span>
        </p>
        {already && (
          <>
            <p className={css.hint}>{t(deskOf(role) ? "join.already" : "join.no_page")}</p>
            {deskOf(role) && (
              <Button tone="gold" wide onClick={() => enter(desk, role)}>
                {t("join.open")}
              </Button>
            )}
          </>
        )}
        {!already && me && <Accept desk={desk} token={token} role={role} me={me} />}
        {!already && !me && <Newcomer desk={desk} token={token} role={role} />}
      </Card>
    </>
  );
}

function Accept({ desk, token, role, me }: { desk: DeskName; token: string; role: Role; me: Me }) {
  const { t } = useT();
  const arrive = useArrive();
  const signOut = useSignOut();
  const accept = useMutation({
    mutationFn: () => api.post("/api/invitations/{token}/accept", { params: { path: { token } } }),
    onSuccess: (changed) => {
      arrive(changed);
      enter(desk, role);
    },
  });
  return (
    <>
      {accept.error && <ErrorNote error={accept.error} />}
      <Button tone="gold" wide disabled={accept.isPending} onClick={() => accept.mutate()}>
        {t("join.accept", { name: me.display_name })}
      </Button>
      <Button tone="bare" wide disabled={signOut.isPending} onClick={() => signOut.mutate()}>
        {t("join.other")}
      </Button>
    </>
  );
}

function Newcomer({ desk, token, role }: { desk: DeskName; token: string; role: Role }) {
  const { t } = useT();
  const [mode, setMode] = useState<"register" | "sign_in">("register");
  return (
    <>
      <fieldset className={css.tabs}>
        {(["register", "sign_in"] as const).map((name) => (
          <button key={name} type="button" aria-pressed={mode === name} onClick={() => setMode(name)}>
            {t(name === "register" ? "join.new" : "join.existing")}
          </button>
        ))}
      </fieldset>
      {mode === "register" ? (
        <AuthForm key="register" mode="register" invitation={token} onDone={() => enter(desk, role)} />
      ) : (
        // Known people sign in first; the page then asks them to accept.
        <AuthForm key="sign_in" mode="sign_in" />
      )}
    </>
  );
}
