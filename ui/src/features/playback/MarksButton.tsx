import "./marks.css";
import { FlagFilled, FlagOutlined } from "@ant-design/icons";
import { App, Button, Popconfirm, Popover } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useRemoveMark } from "@/shared/api/marks";
import { useProblemText } from "@/shared/api/ProblemText";
import { formatMoment } from "@/shared/time/format";
import type { TimelineMark } from "./marks";

interface Props {
  marks: readonly TimelineMark[];
  zone: string;
  nowMs: number;
  onSeek: (atMs: number) => void;
  /** undefined: this person marks nothing here. */
  onMark: (() => void) | undefined;
}

/** The marks of the stretch that is seen, as a list: to go there, to read why, to take one's own back. */
export function MarksButton({ marks, zone, nowMs, onSeek, onMark }: Props) {
  const { t, i18n } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const remove = useRemoveMark();
  const [isOpen, setOpen] = useState(false);
  const list = (
    <div className="bk-marks" role="dialog" aria-label={t("play.marks")}>
      {marks.length === 0 && <p className="bk-muted">{t("play.noMarks")}</p>}
      <ul>
        {marks.map((mark) => {
          const at = formatMoment(mark.atMs, zone, i18n.language, nowMs);
          return (
            <li key={mark.id}>
              <Button
                type="link"
                size="small"
                aria-label={t("play.markSeek", { at })}
                onClick={() => {
                  setOpen(false);
                  onSeek(mark.atMs);
                }}
              >
                {at}
              </Button>
              <span className="bk-marks-note">{mark.note}</span>
              <span className="bk-secondary">{mark.byName}</span>
              {mark.isOwn && (
                <Popconfirm
                  title={t("play.markRemoveAsk")}
                  okText={t("play.markRemove")}
                  cancelText={t("common.cancel")}
                  onConfirm={() => remove.mutate(mark.id, { onError: (error) => message.error(say(error)) })}
                >
                  <Button size="small" aria-label={`${t("play.markRemove")} ${at}`}>
                    {t("play.markRemove")}
                  </Button>
                </Popconfirm>
              )}
            </li>
          );
        })}
      </ul>
      {onMark && (
        <Button size="small" icon={<FlagOutlined aria-hidden />} onClick={onMark}>
          {t("play.markNow")} <kbd>B</kbd>
        </Button>
      )}
    </div>
  );
  return (
    <Popover trigger="click" open={isOpen} onOpenChange={setOpen} content={list} placement="topRight">
      <Button className="bk-stage-button" size="small" icon={<FlagFilled aria-hidden />} aria-expanded={isOpen}>
        {t("play.marksOf", { count: marks.length })}
      </Button>
    </Popover>
  );
}
