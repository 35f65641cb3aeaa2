import { Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Link, Navigate } from "react-router";
import { useAskedAsKiosk, useLetIn } from "@/shared/api/kiosks";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { LoginCard } from "./LoginCard";

/** What a display on a wall shows until an officer has let it in. Nobody types anything here. */
export function KioskPage() {
  const { t } = useTranslation();
  const asked = useAskedAsKiosk();
  const isIn = useLetIn(asked.data?.claim);
  if (isIn) return <Navigate to="/screen" replace />;
  return (
    <LoginCard wordKey="kiosk.title">
      {asked.isError ? (
        <ProblemPanel error={asked.error} onRetry={() => void asked.refetch()} />
      ) : asked.data ? (
        <>
          <p className="bk-kiosk-code" role="status" aria-label={t("kiosk.code", { code: asked.data.code })}>
            <span>{asked.data.code.slice(0, 4)}</span>
            <span>{asked.data.code.slice(4)}</span>
          </p>
          <p>{t("kiosk.how")}</p>
          <p className="bk-secondary">{t("kiosk.what")}</p>
        </>
      ) : (
        <Skeleton active={false} paragraph={{ rows: 3 }} />
      )}
      <Link to="/login" className="bk-door-link">
        {t("kiosk.toLogin")}
      </Link>
    </LoginCard>
  );
}
