import {
  CheckCircleFilled,
  CloseCircleOutlined,
  EyeOutlined,
  LoadingOutlined,
  PauseCircleOutlined,
  WarningFilled,
} from "@ant-design/icons";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { ImportFile } from "@/shared/api/imports";

const marks: Record<ImportFile["state"], { icon: ReactNode; word: string; look: string }> = {
  UPLOADED: { icon: <LoadingOutlined />, word: "imports.state.UPLOADED", look: "bk-state-connecting" },
  PREVIEWED: { icon: <EyeOutlined />, word: "imports.state.PREVIEWED", look: "bk-state-degraded" },
  RUNNING: { icon: <LoadingOutlined />, word: "imports.state.RUNNING", look: "bk-state-connecting" },
  INTERRUPTED: { icon: <PauseCircleOutlined />, word: "imports.state.INTERRUPTED", look: "bk-state-degraded" },
  DONE: { icon: <CheckCircleFilled />, word: "imports.state.DONE", look: "bk-state-live" },
  FAILED: { icon: <WarningFilled />, word: "imports.state.FAILED", look: "bk-state-degraded" },
  CANCELLED: { icon: <CloseCircleOutlined />, word: "imports.state.CANCELLED", look: "bk-state-offline" },
};

export function StateWord({ state }: { state: ImportFile["state"] }) {
  const { t } = useTranslation();
  const { icon, word, look } = marks[state];
  return (
    <span className={`bk-state ${look}`}>
      <span aria-hidden>{icon}</span>
      {t(word)}
    </span>
  );
}
