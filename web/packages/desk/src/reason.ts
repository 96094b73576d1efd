import { useT } from "./i18n";

/** The portal says in an English sentence why work waits; the usual ones are known here in both languages. */
export function useReason(): (sentence: string) => string {
  const { find } = useT();
  return (sentence) => find(`reason.${sentence.replaceAll(" ", "_")}`) ?? sentence;
}
