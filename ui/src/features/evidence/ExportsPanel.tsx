import { DownloadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Progress } from "antd";
import { useTranslation } from "react-i18next";
import { type Export, exportsQuery, exportUrl, useCancelExport } from "@/shared/api/evidence";
import { useProblemText } from "@/shared/api/ProblemText";
import { formatSize, useMoment } from "./words";

const mostShown = 5;

/** The person's own exports: how far, stop, fetch. Nothing while there are none. */
export function ExportsPanel() {
  const { t } = useTranslation();
  const found = useQuery(exportsQuery);
  if (!found.data?.length) return null;
  return (
    <section className="bk-panel" aria-label={t("evidence.exports")}>
      <h2 className="bk-panel-title">{t("evidence.exports")}</h2>
      <ul className="bk-evidence-exports">
        {found.data.slice(0, mostShown).map((each) => (
          <ExportRow key={each.id} export={each} />
        ))}
      </ul>
    </section>
  );
}

function ExportRow({ export: job }: { export: Export }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const moment = useMoment();
  const cancel = useCancelExport();
  const isOpen = job.state === "QUEUED" || job.state === "RUNNING";
  const first = job.numbers[0] ?? "";
  const name = job.numbers.length > 1 ? t("evidence.andMore", { number: first, count: job.numbers.length }) : first;
  const percent = job.total_bytes ? Math.floor((job.done_bytes / job.total_bytes) * 100) : 0;
  return (
    <li>
      <span>
        <strong className="bk-mono">{name}</strong> <span className="bk-secondary">{moment(job.created_at)}</span>
      </span>
      {isOpen ? (
        <Progress className="bk-evidence-progress" percent={percent} aria-label={t("evidence.exportProgress")} />
      ) : (
        <span className="bk-evidence-progress">
          {job.state === "FAILED"
            ? job.failure
            : t(`evidence.exportState.${job.state}`, { size: formatSize(job.file_bytes) })}
        </span>
      )}
      {isOpen && (
        <Button
          loading={cancel.isPending}
          onClick={() => cancel.mutate(job.id, { onError: (error) => void message.warning(say(error), 8) })}
        >
          {t("evidence.exportCancel")}
        </Button>
      )}
      {job.state === "READY" && (
        <Button icon={<DownloadOutlined />} href={exportUrl(job.id)} download>
          {t("evidence.exportFetch")}
        </Button>
      )}
    </li>
  );
}
