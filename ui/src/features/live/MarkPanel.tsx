import { CloseOutlined, FlagFilled } from "@ant-design/icons";
import { Button, Input, type InputRef } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { mostNoteChars, useNoteMark, useRemoveMark } from "@/shared/api/marks";
import { useProblemText } from "@/shared/api/ProblemText";
import { useZone } from "@/shared/api/system";
import { formatClock } from "@/shared/time/format";
import { Tool } from "./Tool";
import type { Marked } from "./useMarking";

interface Props {
  marked: Marked;
  onClose: () => void;
}

/** It goes by itself unless somebody is at it. */
const staysMs = 8_000;

/** What was marked just now: a note can be added, the mark taken back. */
export function MarkPanel({ marked, onClose }: Props) {
  const { t } = useTranslation();
  const zone = useZone();
  const say = useProblemText();
  const noteMark = useNoteMark();
  const removeMark = useRemoveMark();
  const [note, setNote] = useState("");
  const [isAtIt, setAtIt] = useState(false);
  const [said, setSaid] = useState("");
  const field = useRef<InputRef>(null);
  const before = useRef<Element | null>(null);
  const { id, failed, camera, atMs, wantsNote } = marked;
  const isBusy = noteMark.isPending || removeMark.isPending;
  useEffect(() => {
    if (!wantsNote) return;
    before.current = document.activeElement;
    field.current?.focus();
  }, [wantsNote]);
  useEffect(() => {
    if (isAtIt) return;
    const timer = setTimeout(onClose, staysMs);
    return () => clearTimeout(timer);
  }, [isAtIt, onClose]);
  const leave = () => {
    if (before.current instanceof HTMLElement) before.current.focus();
    onClose();
  };
  const onError = (error: unknown) => setSaid(say(error));
  const keep = () => {
    if (id && note.trim()) noteMark.mutate({ mark: id, note: note.trim() }, { onSuccess: leave, onError });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Esc leaves it from whichever of its controls has the focus
    <div
      className="bk-mark-panel"
      onFocus={() => setAtIt(true)}
      onBlur={() => setAtIt(false)}
      onMouseEnter={() => setAtIt(true)}
      onMouseLeave={() => setAtIt(false)}
      onKeyDown={(event) => {
        if (event.code !== "Escape") return;
        event.stopPropagation();
        leave();
      }}
    >
      <span className={failed ? "bk-stage-warn" : ""} role="status">
        <FlagFilled aria-hidden />{" "}
        {failed ?? (id ? t("live.marked", { at: formatClock(atMs, zone), name: camera.name }) : t("live.marking"))}
        {said && <span className="bk-stage-warn"> {said}</span>}
      </span>
      {!failed && (
        <>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              keep();
            }}
          >
            <Input
              ref={field}
              size="small"
              aria-label={t("live.markNote")}
              placeholder={t("live.markNote")}
              maxLength={mostNoteChars}
              value={note}
              onChange={(event) => setNote(event.target.value)}
            />
            <Button className="bk-stage-button" size="small" htmlType="submit" disabled={!id || !note.trim() || isBusy}>
              {t("live.markKeep")}
            </Button>
          </form>
          <Button
            className="bk-stage-button"
            size="small"
            disabled={!id || isBusy}
            onClick={() => id && removeMark.mutate(id, { onSuccess: leave, onError })}
          >
            {t("live.markUndo")}
          </Button>
        </>
      )}
      <Tool label={t("live.close")} onClick={leave}>
        <CloseOutlined />
      </Tool>
    </div>
  );
}
