import { Link } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Practice.module.css";
import { useTask } from "./useTask";

/** What a judge may do while there is nothing to judge. */
export function Meanwhile() {
  const { t } = useT();
  const { data: task } = useTask();
  return (
    <span className={css.meanwhile}>
      {task && (
        <Link to="/practice" className={css.way}>
          {t("practice.go", { count: task.total - task.done })}
        </Link>
      )}
      <Link to="/conflicts" className={css.way}>
        {t("conflicts.go")}
      </Link>
    </span>
  );
}
