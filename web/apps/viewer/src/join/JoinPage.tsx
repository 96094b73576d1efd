import { ApiError, api, type Episode } from "@gavel/api";
import { Button, cx, ErrorNote, LanguageSwitch, Link, Mark, navigate } from "@gavel/ui";
import { type FormEvent, useRef, useState } from "react";
import { useT } from "../i18n";
import { recall } from "../shared/remember";
import { CODE_LENGTH, readCode } from "./code";
import css from "./JoinPage.module.css";

interface CodeFieldProps {
  code: string;
  wrong: boolean;
  describedBy: string;
  onType: (text: string) => void;
}

/** One real input under six drawn cells: paste, autofill and screen readers work as ever. */
function CodeField({ code, wrong, describedBy, onType }: CodeFieldProps) {
  const { t } = useT();
  return (
    <div className={cx(css.field, wrong && css.wrong)}>
      <input
        aria-label={t("join.code")}
        aria-invalid={wrong}
        aria-describedby={describedBy}
        value={code}
        onChange={(event) => onType(event.target.value)}
        onPaste={(event) => {
          event.preventDefault();
          onType(event.clipboardData.getData("text"));
        }}
        inputMode="text"
        autoComplete="off"
        autoCapitalize="characters"
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="go"
        // biome-ignore lint/a11y/noAutofocus: typing the code is the only thing to do here
        autoFocus
      />
      <div className={css.cells} aria-hidden="true">
        {Array.from({ length: CODE_LENGTH }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: six fixed places
          <span key={index} className={cx(css.cell, index === Math.min(code.length, CODE_LENGTH - 1) && css.next)}>
            {code[index]}
          </span>
        ))}
      </div>
    </div>
  );
}

export default function JoinPage() {
  const { t } = useT();
  const [code, setCode] = useState("");
  const [lookalike, setLookalike] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const tried = useRef("");
  const last = recall<string>("last");

  async function enter(wanted: string) {
    if (wanted.length < CODE_LENGTH || busy) return;
    tried.current = wanted;
    setBusy(true);
    setError(null);
    try {
      const episode: Episode = await api.get("/api/join/{code}", { params: { path: { code: wanted } } });
      navigate(`/s/${episode.code}`);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  }

  function type(text: string) {
    const typed = readCode(text);
    setCode(typed.code);
    setLookalike(typed.lookalike);
    setError(null);
    if (typed.code.length === CODE_LENGTH && typed.code !== tried.current) void enter(typed.code);
    if (typed.code.length < CODE_LENGTH) tried.current = "";
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    void enter(code);
  }

  const unknown = error instanceof ApiError && error.status === 404;
  const hint = unknown ? t("join.unknown", { code }) : lookalike ? t("join.letters") : "";
  return (
    <div className={css.page}>
      <header className={css.top}>
        <LanguageSwitch />
      </header>
      <main className={css.main}>
        <Mark size={88} className={css.mark} />
        <h1>{t("brand")}</h1>
        <p className={css.lead}>{t("join.lead")}</p>
        <form onSubmit={submit} className={css.form}>
          <CodeField code={code} wrong={unknown} describedBy="code-hint" onType={type} />
          <p id="code-hint" className={cx(css.hint, unknown && css.bad)} role="status">
            {hint}
          </p>
          <Button type="submit" tone="gold" wide disabled={code.length < CODE_LENGTH || busy}>
            {busy ? t("join.entering") : t("join.enter")}
          </Button>
          {error !== null && !unknown && <ErrorNote error={error} retry={() => void enter(code)} />}
        </form>
      </main>
      <footer className={css.bottom}>
        {last && <Link to={`/s/${last}`}>{t("join.last")}</Link>}
        <Link to="/board">{t("join.board")}</Link>
      </footer>
    </div>
  );
}
