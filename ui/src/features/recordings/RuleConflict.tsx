import { Button, Modal, Radio } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useRecordingWords } from "@/shared/recording/words";
import type { Said } from "./rule";

interface Props {
  mine: Said;
  theirs: Said;
  isGone: boolean;
  onResolved: (merged: Said) => void;
  onClose: () => void;
}

const fields = ["keep_days", "mode"] as const;
type Field = (typeof fields)[number];
const words: Record<Field, string> = { keep_days: "recording.rules.keepDays", mode: "recording.rules.mode" };

/** Somebody saved first: both versions side by side, a choice for each field that differs. */
export function RuleConflict({ mine, theirs, isGone, onResolved, onClose }: Props) {
  const { t } = useTranslation();
  const say = useRecordingWords();
  const [chosenMine, setChosenMine] = useState<Record<Field, boolean>>({ keep_days: true, mode: true });
  const all = (isMine: boolean) => setChosenMine({ keep_days: isMine, mode: isMine });
  const shown = (said: Said, field: Field) => {
    if (field === "keep_days") return said.keep_days === null ? t("recording.rules.nothing") : say.days(said.keep_days);
    return said.mode === null ? t("recording.rules.nothing") : say.mode(said.mode);
  };
  const merged: Said = {
    keep_days: (chosenMine.keep_days ? mine : theirs).keep_days,
    mode: (chosenMine.mode ? mine : theirs).mode,
  };
  return (
    <Modal
      open
      width={720}
      title={t("premises.conflictTitle")}
      onCancel={onClose}
      mask={{ closable: false }}
      footer={
        <div className="bk-dialog-foot">
          <Button onClick={() => all(true)}>{t("premises.useMine")}</Button>
          <Button onClick={() => all(false)}>{t("premises.useTheirs")}</Button>
          <span className="bk-grow" />
          <Button onClick={onClose}>{t("premises.backToForm")}</Button>
          <Button type="primary" onClick={() => onResolved(merged)}>
            {t("premises.saveChosen")}
          </Button>
        </div>
      }
    >
      <p>{t("recording.rules.conflictText")}</p>
      {isGone && <p className="bk-warning-text">{t("recording.rules.conflictGone")}</p>}
      <table className="bk-conflict">
        <thead>
          <tr>
            <th scope="col">{t("premises.field")}</th>
            <th scope="col">{t("premises.mine")}</th>
            <th scope="col">{t("premises.theirs")}</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field}>
              <th scope="row">{t(words[field])}</th>
              {mine[field] === theirs[field] ? (
                <td colSpan={2}>{shown(mine, field)}</td>
              ) : (
                [true, false].map((isMine) => (
                  <td key={String(isMine)} className={chosenMine[field] === isMine ? "bk-chosen" : ""}>
                    <Radio
                      checked={chosenMine[field] === isMine}
                      onChange={() => setChosenMine((old) => ({ ...old, [field]: isMine }))}
                    >
                      {shown(isMine ? mine : theirs, field)}
                    </Radio>
                  </td>
                ))
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
