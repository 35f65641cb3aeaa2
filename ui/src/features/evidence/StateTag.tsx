import { ClockCircleOutlined, InboxOutlined, SafetyCertificateFilled } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import type { Evidence } from "@/shared/api/evidence";
import "./evidence.css";

/** Sealed and kept: the seal's violet. Not yet, or no longer: quiet. */
export function StateTag({ item }: { item: Pick<Evidence, "state" | "waiting"> }) {
  const { t } = useTranslation();
  const isKept = item.state === "SEALED" || item.state === "LINKED" || item.state === "EXPORTED";
  const icon = isKept ? (
    <SafetyCertificateFilled aria-hidden />
  ) : item.state === "CAPTURED" ? (
    <ClockCircleOutlined aria-hidden />
  ) : (
    <InboxOutlined aria-hidden />
  );
  return (
    <span className={isKept ? "bk-evidence-state bk-evidence-kept" : "bk-evidence-state"}>
      {icon} {t(`evidence.state.${item.state}`)}
      {item.waiting && <span className="bk-secondary"> {t("evidence.waiting")}</span>}
    </span>
  );
}
