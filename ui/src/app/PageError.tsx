import { Button } from "antd";
import { useTranslation } from "react-i18next";

export function PageError({ isMissing = false }: { isMissing?: boolean }) {
  const { t } = useTranslation();
  return (
    <div className="bk-page">
      <div className="bk-panel" role="alert">
        <p>{isMissing ? t("error.access") : t("error.page")}</p>
        <Button onClick={() => (isMissing ? window.location.assign("/") : window.location.reload())}>
          {isMissing ? t("app.toStart") : t("common.retry")}
        </Button>
      </div>
    </div>
  );
}
