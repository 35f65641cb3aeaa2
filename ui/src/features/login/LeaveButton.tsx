import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCloseSession } from "@/shared/api/session";

/** The way out of a log-in that is not done yet. */
export function LeaveButton() {
  const { t } = useTranslation();
  const close = useCloseSession();
  return (
    <div>
      <Button type="link" className="bk-flush" loading={close.isPending} onClick={() => close.mutate()}>
        {t("app.logout")}
      </Button>
    </div>
  );
}
