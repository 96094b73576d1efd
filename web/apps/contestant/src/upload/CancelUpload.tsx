import { api, type Submission } from "@gavel/api";
import { Confirm, SmallButton } from "@gavel/desk";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ENTRIES } from "../app/queries";
import { useT } from "../i18n";
import { forget, pause } from "./useUpload";

/** Give up an upload that is not complete, after asking once. */
export function CancelUpload({ entry, submission }: { entry: string; submission: Submission }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const cancel = useMutation({
    mutationFn: () => {
      pause(entry);
      return api.delete("/api/submissions/{submission_id}", { params: { path: { submission_id: submission.id } } });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ENTRIES });
      forget(entry);
    },
    // Complete after all, or cancelled elsewhere: the page shows which.
    onError: () => queries.invalidateQueries({ queryKey: ENTRIES }),
  });
  return (
    <>
      <SmallButton onClick={() => setAsking(true)}>{t("upload.cancel")}</SmallButton>
      {asking && (
        <Confirm
          title={t("upload.cancel_title", { n: submission.version })}
          action={t("upload.cancel_action")}
          busy={cancel.isPending}
          error={cancel.error}
          onConfirm={() => cancel.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t("upload.cancel_text")}</p>
        </Confirm>
      )}
    </>
  );
}
