import { Modal, Switch } from "antd";
import { useTranslation } from "react-i18next";
import { useAbilities } from "@/shared/api/session";
import { useLetterKeys, writeLetterKeys } from "@/shared/keyboard";
import { wallKeys } from "./keys";

interface Props {
  container: () => HTMLElement;
  onClose: () => void;
}

/** Every key of the wall that this person can use, and the switch that turns single characters off. */
export function KeyHelp({ container, onClose }: Props) {
  const { t } = useTranslation();
  const abilities: readonly string[] = useAbilities();
  const hasLetters = useLetterKeys();
  const rows = wallKeys.filter(({ needs }) => needs === undefined || abilities.includes(needs));
  return (
    <Modal open title={t("live.keys")} getContainer={container} footer={null} onCancel={onClose} width={560}>
      <table className="bk-keys">
        <thead className="bk-visually-hidden">
          <tr>
            <th>{t("live.key")}</th>
            <th>{t("live.keyDoes")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ caps, says }) => (
            <tr key={says}>
              <td>
                {caps.map((cap) => (
                  <kbd key={cap}>{cap.startsWith("live.") ? t(cap) : cap}</kbd>
                ))}
              </td>
              <td>{t(says)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {/* biome-ignore lint/a11y/noLabelWithoutControl: the switch inside is the control */}
      <label className="bk-keys-letters">
        <Switch checked={hasLetters} onChange={writeLetterKeys} />
        <span>{t("live.keysLetters")}</span>
      </label>
      <p className="bk-small">{t("live.keysLettersHint")}</p>
    </Modal>
  );
}
