import { useTranslation } from "react-i18next";
import type { Grade } from "@/shared/api/premises";

/** The official risk grade: always its letter, never red. */
export function GradeMark({ grade }: { grade: Grade | null }) {
  const { t } = useTranslation();
  if (!grade) return <span className="bk-muted">{t("premises.unknown")}</span>;
  return <span className={`bk-grade bk-grade-${grade.toLowerCase()}`}>{grade}</span>;
}
