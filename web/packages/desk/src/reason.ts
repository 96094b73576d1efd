import { useT } from "./i18n";

const OTHER_CLASS = /^waiting for an engine of class (.+); what is up is of class (.+)$/;

/** The portal says in an English sentence why work waits; the usual ones are known here in both languages. */
export function useReason(): (sentence: string) => string {
  const { t, find } = useT();
  return (sentence) => {
    const [, wanted, found] = OTHER_CLASS.exec(sentence) ?? [];
    if (wanted && found) return t("reason.waiting_for_another_class", { wanted, found });
    return find(`reason.${sentence.replaceAll(" ", "_")}`) ?? sentence;
  };
}
