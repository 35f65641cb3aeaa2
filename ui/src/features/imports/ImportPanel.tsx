import { DownloadOutlined } from "@ant-design/icons";
import { App, Button, Progress, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { downloadErrors, type ImportFile, isBusy, type Outcome, useImportAct } from "@/shared/api/imports";
import { useProblemText } from "@/shared/api/ProblemText";
import { RowList } from "./RowList";
import { StateWord } from "./StateWord";

const outcomes = ["WRONG", "NEW", "CHANGED", "UNCHANGED"] as const;

function countOf(file: ImportFile, outcome: Outcome): number {
  return { ...file.counts }[outcome.toLowerCase() as keyof ImportFile["counts"]];
}

/** One file: what it would do, or did, and what can be done with it. */
export function ImportPanel({ file }: { file: ImportFile }) {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const say = useProblemText();
  const run = useImportAct("run");
  const cancel = useImportAct("cancel");
  const [chosen, setChosen] = useState<Outcome>();
  const shown = chosen ?? outcomes.find((outcome) => countOf(file, outcome) > 0) ?? "NEW";
  const attempt = (work: Promise<unknown>) => void work.catch((error: unknown) => message.warning(say(error), 8));
  const start = () => attempt(run.mutateAsync(file.id));
  const stop = () =>
    modal.confirm({
      title: t("imports.cancelTitle"),
      content: t("imports.cancelText"),
      okText: t("imports.cancel"),
      cancelText: t("imports.goOn"),
      autoFocusButton: "cancel",
      onOk: () => attempt(cancel.mutateAsync(file.id)),
    });
  const isJudged = file.state !== "UPLOADED" && file.state !== "FAILED";
  return (
    <section className="bk-import" aria-label={file.file_name}>
      <div className="bk-import-head">
        <h2>{file.file_name}</h2>
        <StateWord state={file.state} />
        <span className="bk-muted">
          {t("imports.rowsOfFile", { rows: file.rows_total, cameras: file.cameras_total })}
        </span>
      </div>
      <p role="status">{file.failure || <Sentence file={file} />}</p>
      {(file.state === "RUNNING" || file.state === "INTERRUPTED") && (
        <Progress
          percent={file.rows_to_do ? Math.floor((file.rows_done / file.rows_to_do) * 100) : 0}
          status="normal"
          format={() => `${file.rows_done}/${file.rows_to_do}`}
          aria-label={t("imports.progress")}
        />
      )}
      <div className="bk-import-acts">
        {file.can_run && (
          <Button type="primary" loading={run.isPending} onClick={start}>
            {file.state === "INTERRUPTED"
              ? t("imports.continue")
              : t("imports.run", { count: file.counts.new + file.counts.changed })}
          </Button>
        )}
        {file.counts.wrong > 0 && isJudged && (
          <Button icon={<DownloadOutlined />} onClick={() => attempt(downloadErrors(file.id))}>
            {t("imports.errors", { count: file.counts.wrong })}
          </Button>
        )}
        {file.can_cancel && (
          <Button loading={cancel.isPending} onClick={stop}>
            {t("imports.cancel")}
          </Button>
        )}
      </div>
      {isJudged && (
        <>
          <Segmented<Outcome>
            className="bk-import-tabs"
            value={shown}
            onChange={setChosen}
            options={outcomes.map((outcome) => ({
              value: outcome,
              label: `${t(`imports.outcome.${outcome}`)} ${countOf(file, outcome)}`,
            }))}
          />
          {!isBusy(file) && <RowList file={file} outcome={shown} />}
        </>
      )}
    </section>
  );
}

function Sentence({ file }: { file: ImportFile }) {
  const { t } = useTranslation();
  const { counts } = file;
  if (file.state === "UPLOADED") return t("imports.say.UPLOADED");
  if (file.state === "DONE")
    return counts.wrong
      ? t("imports.say.doneWrong", { done: file.rows_done, wrong: counts.wrong, total: file.rows_total })
      : t("imports.say.done", { done: file.rows_done, changed: counts.new + counts.changed });
  if (file.state === "CANCELLED") return t("imports.say.cancelled", { done: file.rows_done });
  if (file.state === "INTERRUPTED") return t("imports.say.interrupted", { done: file.rows_done });
  if (file.state === "RUNNING") return t("imports.say.running");
  return counts.new + counts.changed ? t("imports.say.previewed", { wrong: counts.wrong }) : t("imports.say.nothing");
}
