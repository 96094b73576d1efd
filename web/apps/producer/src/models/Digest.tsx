import css from "./Models.module.css";

/** Enough to tell two apart; the whole one is in the title. */
const SHOWN = 16;

export function Digest({ of }: { of: string }) {
  return (
    <code className={css.digest} title={of}>
      {of.length > SHOWN ? `${of.slice(0, SHOWN)}…` : of}
    </code>
  );
}
