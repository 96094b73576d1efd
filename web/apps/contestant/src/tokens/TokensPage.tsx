import { api, type TokenMade, type TokenRow } from "@gavel/api";
import { Confirm, CopyLine, Field, PageHead, SmallButton, useTimes } from "@gavel/desk";
import { Button, Card, ErrorNote, Loading } from "@gavel/ui";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useT } from "../i18n";
import css from "./TokensPage.module.css";

const TOKENS = ["tokens"];

export function TokensPage() {
  const { t } = useT();
  const [made, setMade] = useState<TokenMade | null>(null);
  return (
    <>
      <PageHead title={t("tokens.title")}>{t("tokens.lead")}</PageHead>
      <div className={css.columns}>
        <div className={css.list}>
          {made && (
            <Card className={css.made} aria-live="polite">
              <h2>{t("tokens.made")}</h2>
              <CopyLine text={made.token} what={t("tokens.made")} />
              <p>{t("tokens.made_text")}</p>
            </Card>
          )}
          <NewToken onMade={setMade} />
          <Tokens />
        </div>
        <HowTo />
      </div>
    </>
  );
}

function NewToken({ onMade }: { onMade: (made: TokenMade) => void }) {
  const { t } = useT();
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: (name: string) => api.post("/api/tokens", { body: { name } }),
    onSuccess: (made) => {
      onMade(made);
      void queries.invalidateQueries({ queryKey: TOKENS });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get("name")).trim();
    create.mutate(name, { onSuccess: () => form.reset() });
  };
  return (
    <Card>
      <form className={css.form} onSubmit={submit}>
        <Field
          label={t("tokens.name")}
          hint={t("tokens.name_hint")}
          name="name"
          maxLength={60}
          pattern=".*\S.*"
          autoComplete="off"
          required
        />
        <Button type="submit" disabled={create.isPending}>
          {t("tokens.create")}
        </Button>
        {create.error && <ErrorNote className={css.error} error={create.error} />}
      </form>
    </Card>
  );
}

function Tokens() {
  const { t } = useT();
  const tokens = useQuery({ queryKey: TOKENS, queryFn: () => api.get("/api/tokens") });
  const [leaving, setLeaving] = useState<TokenRow | null>(null);
  return (
    <section>
      <h2 className={css.heading}>{t("tokens.list")}</h2>
      {tokens.error && <ErrorNote error={tokens.error} />}
      {tokens.isPending && !tokens.error && <Loading />}
      {tokens.data?.length === 0 && <p className={css.quiet}>{t("tokens.none")}</p>}
      <ul>
        {tokens.data?.map((token) => (
          <Token key={token.id} token={token} revoke={() => setLeaving(token)} />
        ))}
      </ul>
      {leaving && <Revoke token={leaving} onClose={() => setLeaving(null)} />}
    </section>
  );
}

function Token({ token, revoke }: { token: TokenRow; revoke: () => void }) {
  const { t } = useT();
  const { moment } = useTimes();
  return (
    <li className={css.token}>
      <div>
        <b>{token.name}</b>
        <p className={css.quiet}>
          {t("tokens.created", { time: moment(token.created_at) })} ·{" "}
          {token.last_used_at ? t("tokens.used", { time: moment(token.last_used_at) }) : t("tokens.unused")}
        </p>
      </div>
      <SmallButton tone="danger" onClick={revoke} aria-label={`${t("tokens.revoke")}: ${token.name}`}>
        {t("tokens.revoke")}
      </SmallButton>
    </li>
  );
}

function Revoke({ token, onClose }: { token: TokenRow; onClose: () => void }) {
  const { t } = useT();
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => api.delete("/api/tokens/{token_id}", { params: { path: { token_id: token.id } } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: TOKENS });
      onClose();
    },
  });
  return (
    <Confirm
      title={t("tokens.revoke_title", { name: token.name })}
      action={t("tokens.revoke")}
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      <p>{t("tokens.revoke_text")}</p>
    </Confirm>
  );
}

function HowTo() {
  const { t } = useT();
  const login = `export GAVEL_URL=${location.origin}\nexport GAVEL_TOKEN=gvt_…`;
  const submit = 'gavel submit ./my-adapter --entry "…"';
  const models = useQuery({ queryKey: ["gateway-models"], queryFn: () => api.get("/v1/models") });
  const ask = [
    "from openai import OpenAI",
    `client = OpenAI(base_url="${location.origin}/v1", api_key="gvt_…")`,
    'question = [{"role": "user", "content": "…"}]',
    'answer = client.chat.completions.create(model="House", messages=question)',
  ].join("\n");
  return (
    <Card className={css.how}>
      <h2>{t("tokens.how")}</h2>
      <ol>
        <li>
          <p>{t("tokens.how_login")}</p>
          <pre>{login}</pre>
        </li>
        <li>
          <p>{t("tokens.how_submit")}</p>
          <pre>{submit}</pre>
          <p className={css.quiet}>{t("tokens.how_again")}</p>
        </li>
        <li>
          <p>{t("tokens.how_ask")}</p>
          <pre>{ask}</pre>
          {models.data && (
            <p className={css.quiet}>
              {models.data.data.length === 0
                ? t("tokens.how_none")
                : t("tokens.how_models", { models: models.data.data.map(({ id }) => id).join(t("tokens.how_and")) })}
            </p>
          )}
          <p className={css.quiet}>{t("tokens.how_stage")}</p>
        </li>
      </ol>
    </Card>
  );
}
