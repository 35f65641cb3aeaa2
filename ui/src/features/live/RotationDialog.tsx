import { Checkbox, Form, InputNumber, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useAbilities } from "@/shared/api/session";
import { useWords } from "@/shared/camera/useWords";
import { RegionSelect } from "@/shared/premises/RegionSelect";
import { useKinds } from "@/shared/premises/useKinds";
import { formatDuration } from "@/shared/time/format";
import { maxDwellS, minDwellS, type Turn, type TurnFilter } from "./rotation";
import { mostTurning, useTurnCameras } from "./useTurnCameras";

interface Props {
  /** What runs now, or ran last. */
  turn: Turn | undefined;
  /** Tiles of the wall. */
  size: number;
  container: () => HTMLElement;
  onStart: (turn: Turn) => void;
  onClose: () => void;
}

const everything: TurnFilter = { region: "", category: "", grade: "", mustZones: false };
const usualDwellS = 15;
const grades = ["A", "B", "C", "D"] as const;

/** Which cameras take turns on the wall, and for how long each group stays. */
export function RotationDialog({ turn, size, container, onStart, onClose }: Props) {
  const { t } = useTranslation();
  const words = useWords();
  const kinds = useKinds();
  const knowsGrades = useAbilities().includes("premises.list");
  const [filter, setFilter] = useState(turn?.filter ?? everything);
  const [dwellS, setDwellS] = useState(turn?.dwellS ?? usualDwellS);
  const found = useTurnCameras(filter);
  const count = found.cameras.length;
  const set = (key: "region" | "category" | "grade") => (value: string | undefined) =>
    setFilter((old) => ({ ...old, [key]: value ?? "" }));
  const said = () => {
    if (found.isFailing) return t("camera.readFailed");
    if (found.isReading) return t("live.reading");
    if (count === 0) return t("live.turnNobody");
    const groups = Math.ceil(count / size);
    const duration = formatDuration(groups * dwellS * 1000, words.lang);
    return t(found.isCut ? "live.turnCut" : groups > 1 ? "live.turnCount" : "live.turnOneGroup", {
      count: found.isCut ? mostTurning : count,
      groups,
      duration,
    });
  };
  return (
    <Modal
      open
      title={t("live.turn")}
      getContainer={container}
      okText={t("live.turnStart")}
      okButtonProps={{ disabled: count === 0 || found.isReading }}
      cancelText={t("common.cancel")}
      onOk={() => onStart({ filter, dwellS })}
      onCancel={onClose}
      width={480}
    >
      <Form layout="vertical" component="div">
        <Form.Item label={t("premises.region")}>
          <RegionSelect
            allowClear
            label={t("premises.region")}
            placeholder={t("live.turnAll")}
            value={filter.region || undefined}
            onChange={set("region")}
          />
        </Form.Item>
        <Form.Item label={t("premises.category")}>
          <Select
            allowClear
            aria-label={t("premises.category")}
            placeholder={t("live.turnAll")}
            options={kinds.categoryOptions}
            value={filter.category || undefined}
            onChange={set("category")}
          />
        </Form.Item>
        {knowsGrades && (
          <Form.Item label={t("premises.grade")}>
            <Select
              allowClear
              aria-label={t("premises.grade")}
              placeholder={t("live.turnAll")}
              options={grades.map((grade) => ({ value: grade, label: t("premises.gradeOf", { grade }) }))}
              value={filter.grade || undefined}
              onChange={set("grade")}
            />
          </Form.Item>
        )}
        <Form.Item>
          <Checkbox
            checked={filter.mustZones}
            onChange={({ target }) => setFilter((old) => ({ ...old, mustZones: target.checked }))}
          >
            {t("live.turnMust")}
          </Checkbox>
        </Form.Item>
        <Form.Item label={t("live.turnDwell")} extra={t("live.turnDwellHint", { from: minDwellS, to: maxDwellS })}>
          <InputNumber
            aria-label={t("live.turnDwell")}
            min={minDwellS}
            max={maxDwellS}
            precision={0}
            value={dwellS}
            onChange={(value) => setDwellS(value ?? usualDwellS)}
          />
        </Form.Item>
      </Form>
      <p role="status">{said()}</p>
    </Modal>
  );
}
