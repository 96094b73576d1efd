import { Card } from "@gavel/ui";
import { Scroll } from "@gavel/ui/scroll";
import { Frame } from "./Frame";
import css from "./How.module.css";
import { useT } from "./i18n/how";

const OTHERS = ["bench", "aiperf", "mlperf", "aa", "engine", "prom"] as const;
const BLOCK = ["house", "a", "b", "b", "a", "house"] as const;

/** How speed is measured, in plain words. */
export default function HowPage() {
  const { t } = useT();
  return (
    <Frame title={t("how.title")}>
      <p className={css.lead}>{t("how.lead")}</p>
      <Card className={css.card}>
        <h2>{t("how.abba")}</h2>
        <p>{t("how.abba_text")}</p>
        <div className={css.block} role="img" aria-label={t("how.abba_label")}>
          {BLOCK.map((who, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a fixed picture
            <span key={place} data-who={who}>
              {who === "house" ? t("how.house") : who.toUpperCase()}
            </span>
          ))}
        </div>
        <ul className={css.list}>
          <li>{t("how.abba_1")}</li>
          <li>{t("how.abba_2")}</li>
          <li>{t("how.abba_3")}</li>
          <li>{t("how.abba_4")}</li>
        </ul>
      </Card>
      <Card className={css.card}>
        <h2>{t("how.score")}</h2>
        <ul className={css.list}>
          <li>{t("how.score_1")}</li>
          <li>{t("how.score_2")}</li>
          <li>{t("how.score_3")}</li>
        </ul>
      </Card>
      <Card className={css.card}>
        <h2>{t("how.void")}</h2>
        <p>{t("how.void_text")}</p>
        <ul className={css.list}>
          <li>{t("how.void_1")}</li>
          <li>{t("how.void_2")}</li>
          <li>{t("how.void_3")}</li>
          <li>{t("how.void_4")}</li>
          <li>{t("how.void_5")}</li>
        </ul>
      </Card>
      <Card className={css.card}>
        <h2>{t("how.terms")}</h2>
        <p>{t("how.terms_text")}</p>
        <Scroll label={t("how.terms")}>
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">{t("how.tool")}</th>
                <th scope="col">{t("how.ttft")}</th>
                <th scope="col">{t("how.rate")}</th>
              </tr>
            </thead>
            <tbody>
              <tr className={css.ours}>
                <th scope="row">{t("how.ours")}</th>
                <td>{t("how.ours_ttft")}</td>
                <td>{t("how.ours_rate")}</td>
              </tr>
              {OTHERS.map((name) => (
                <tr key={name}>
                  <th scope="row">{t(`how.names.${name}`)}</th>
                  <td>{t(`how.${name}_ttft`)}</td>
                  <td>{t(`how.${name}_rate`)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Card>
    </Frame>
  );
}
