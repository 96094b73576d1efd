import type { Sample } from "@gavel/api";
import { useT } from "../i18n";
import css from "./Samples.module.css";

/** The share that each option has of all, from their log-probabilities. */
export function shares(logprobs: number[]): number[] {
  const top = Math.max(...logprobs);
  const weights = logprobs.map((one) => Math.exp(one - top));
  const sum = weights.reduce((all, one) => all + one, 0);
  return weights.map((one) => one / sum);
}

/** What could be chosen, and how likely the model held each. The likeliest is the answer. */
export function Options({ sample }: { sample: Sample }) {
  const { t, number } = useT();
  const { options, logprobs } = sample;
  const share = logprobs && logprobs.length === options.length ? shares(logprobs) : null;
  return (
    <table className={css.options}>
      <thead>
        <tr>
          <th scope="col">{t("bench.option")}</th>
          {share && <th scope="col">{t("bench.logprob")}</th>}
          {share && <th scope="col">{t("bench.share")}</th>}
        </tr>
      </thead>
      <tbody>
        {options.map((option, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: options stay as they were asked
          <tr key={index}>
            <th scope="row">
              {option}
              {option === sample.expected && <small> ✓ {t("bench.expected")}</small>}
              {option === sample.answer && <small> ● {t("bench.chosen")}</small>}
            </th>
            {share && <td>{number(logprobs?.[index] ?? 0, { maximumFractionDigits: 3, minimumFractionDigits: 3 })}</td>}
            {share && <td>{number(share[index] ?? 0, { style: "percent", maximumFractionDigits: 1 })}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
