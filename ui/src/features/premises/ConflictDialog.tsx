import { Button, Modal, Radio } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useKinds } from "@/shared/premises/useKinds";
import { clashesOf, type FieldName, type Fields, mergeFields } from "./fields";

interface Props {
  base: Fields;
  mine: Fields;
  theirs: Fields;
  regionName: (code: string) => string;
  onResolved: (merged: Fields) => void;
  onClose: () => void;
}

/** Somebody saved first: both versions side by side, a choice for each field, and nothing that was typed is lost. */
export function ConflictDialog({ base, mine, theirs, regionName, onResolved, onClose }: Props) {
  const { t } = useTranslation();
  const show = useShown(regionName);
  const clashes = clashesOf(base, mine, theirs);
  const [chosenMine, setChosenMine] = useState<ReadonlySet<FieldName>>(new Set(clashes.map(({ name }) => name)));
  const all = (side: "mine" | "theirs") =>
    setChosenMine(new Set(side === "mine" ? clashes.map(({ name }) => name) : []));
  const choose = (name: FieldName, isMine: boolean) => {
    const next = new Set(chosenMine);
    if (isMine) next.add(name);
    else next.delete(name);
    setChosenMine(next);
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
          <Button onClick={() => all("mine")}>{t("premises.useMine")}</Button>
          <Button onClick={() => all("theirs")}>{t("premises.useTheirs")}</Button>
          <span className="bk-grow" />
          <Button onClick={onClose}>{t("premises.backToForm")}</Button>
          <Button type="primary" onClick={() => onResolved(mergeFields(base, mine, theirs, chosenMine))}>
            {t("premises.saveChosen")}
          </Button>
        </div>
      }
    >
      <p>{clashes.length > 0 ? t("premises.conflictText", { count: clashes.length }) : t("premises.conflictNone")}</p>
      {clashes.length > 0 && (
        <table className="bk-conflict">
          <thead>
            <tr>
              <th scope="col">{t("premises.field")}</th>
              <th scope="col">{t("premises.mine")}</th>
              <th scope="col">{t("premises.theirs")}</th>
            </tr>
          </thead>
          <tbody>
            {clashes.map(({ name, mine: my, theirs: their }) => (
              <tr key={name}>
                <th scope="row">{t(`premises.fieldName.${name}`)}</th>
                {([true, false] as const).map((isMine) => (
                  <td key={String(isMine)} className={chosenMine.has(name) === isMine ? "bk-chosen" : ""}>
                    <Radio checked={chosenMine.has(name) === isMine} onChange={() => choose(name, isMine)}>
                      {show(name, isMine ? my : their)}
                    </Radio>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Modal>
  );
}

function useShown(regionName: (code: string) => string) {
  const { t, i18n } = useTranslation();
  const { category, zone } = useKinds();
  return (name: FieldName, value: unknown): string => {
    if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return t("premises.nothing");
    if (name === "category") return category(String(value));
    if (name === "region") return regionName(String(value));
    if (name === "is_due") return value ? t("premises.dueYes") : t("premises.dueNo");
    if (Array.isArray(value))
      return value.map((each) => zone(String(each))).join(i18n.language.startsWith("zh") ? "、" : ", ");
    return String(value);
  };
}
