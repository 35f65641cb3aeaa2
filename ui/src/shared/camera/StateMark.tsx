import {
  AlertFilled,
  ApiOutlined,
  CheckCircleFilled,
  DisconnectOutlined,
  LoadingOutlined,
  WarningFilled,
} from "@ant-design/icons";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { type Condition, conditionOf, isNotRecording } from "./condition";

const marks: Record<Condition, ReactNode> = {
  absent: <ApiOutlined />,
  live: <CheckCircleFilled />,
  standby: <span className="bk-hollow-dot" />,
  connecting: <LoadingOutlined />,
  degraded: <WarningFilled />,
  offline: <DisconnectOutlined />,
};

/** Shape, word and colour of one condition; the word carries the meaning. */
export function StateMark({ condition }: { condition: Condition }) {
  const { t } = useTranslation();
  return (
    <span className={`bk-state bk-state-${condition}`}>
      <span aria-hidden>{marks[condition]}</span>
      {t(`state.${condition}`)}
    </span>
  );
}

export function NotRecordingMark() {
  const { t } = useTranslation();
  return (
    <span className="bk-state bk-state-not-recording">
      <AlertFilled aria-hidden />
      {t("state.notRecording")}
    </span>
  );
}

export function CameraState({ camera }: { camera: Camera }) {
  return (
    <span className="bk-states">
      <StateMark condition={conditionOf(camera)} />
      {isNotRecording(camera) && <NotRecordingMark />}
    </span>
  );
}
