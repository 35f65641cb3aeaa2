import { DownloadOutlined, InboxOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Upload } from "antd";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import {
  downloadTemplate,
  type ImportFile,
  importQuery,
  importsQuery,
  kindOf,
  useUploadImport,
} from "@/shared/api/imports";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import { useZone } from "@/shared/api/system";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { ImportPanel } from "./ImportPanel";
import { StateWord } from "./StateWord";
import "./imports.css";

const mostBytes = 20 * 1024 * 1024;

/** Give a file, see what it would do, let it be done. */
export function ImportsPage() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const [query, setQuery] = useSearchParams();
  const id = query.get("f") ?? "";
  const upload = useUploadImport();
  const choose = (wanted: string) => setQuery(wanted ? { f: wanted } : {});
  const send = async (file: File) => {
    if (!kindOf(file.name) || file.size > mostBytes) {
      message.warning(t("imports.wrongFile"), 8);
      return;
    }
    try {
      choose((await upload.mutateAsync(file)).id);
    } catch (error) {
      message.warning(say(error), 10);
    }
  };
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("imports.title")}</h1>
        <span className="bk-grow" />
        <Button
          icon={<DownloadOutlined />}
          onClick={() => void downloadTemplate().catch((error: unknown) => message.warning(say(error), 8))}
        >
          {t("imports.template")}
        </Button>
      </div>
      <Upload.Dragger
        className="bk-drop"
        accept=".xlsx,.csv"
        showUploadList={false}
        disabled={upload.isPending}
        beforeUpload={(file) => {
          void send(file);
          return false;
        }}
      >
        <p className="bk-drop-icon" aria-hidden>
          <InboxOutlined />
        </p>
        <p>{upload.isPending ? t("imports.reading") : t("imports.drop")}</p>
        <p className="bk-muted bk-small">{t("imports.dropHint")}</p>
      </Upload.Dragger>
      {id && <Chosen id={id} />}
      <FileList chosen={id} onChoose={choose} />
    </div>
  );
}

function Chosen({ id }: { id: string }) {
  const file = useQuery(importQuery(id));
  if (file.isError) return <ProblemPanel error={file.error} onRetry={() => void file.refetch()} />;
  return file.data ? <ImportPanel file={file.data} /> : null;
}

function FileList({ chosen, onChoose }: { chosen: string; onChoose: (id: string) => void }) {
  const { t } = useTranslation();
  const files = useQuery(importsQuery);
  if (files.isError && !files.data) return <ProblemPanel error={files.error} onRetry={() => void files.refetch()} />;
  if (!files.data?.length) return null;
  return (
    <>
      <h2 className="bk-imports-head">{t("imports.earlier")}</h2>
      <ul className="bk-files">
        {files.data.map((file) => (
          <li key={file.id}>
            <button type="button" aria-current={file.id === chosen} onClick={() => onChoose(file.id)}>
              <FileWords file={file} />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function FileWords({ file }: { file: ImportFile }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  return (
    <>
      <span className="bk-file-name">{file.file_name}</span>
      <StateWord state={file.state} />
      <span className="bk-muted bk-small">
        {t("imports.rowsOfFile", { rows: file.rows_total, cameras: file.cameras_total })}
      </span>
      <span className="bk-muted bk-small">
        {formatMoment(Date.parse(file.created_at), zone, i18n.language, serverNowMs())}
      </span>
    </>
  );
}
