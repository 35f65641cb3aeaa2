import { CheckOutlined, ExclamationCircleOutlined, MinusCircleOutlined, WarningFilled } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import type { PremisesRow } from "@/shared/api/premises";
import { useZone } from "@/shared/api/system";
import { PremisesStateTag } from "@/shared/premises/PremisesStateTag";
import { formatIsoDate } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { daysUntil } from "./words";

const warnDays = 30;

/** Until when the licence is good; what has run out is overdue and red, what soon will is a warning. */
export function LicenceUntil({ date }: { date: string | null }) {
  const { t } = useTranslation();
  const today = formatIsoDate(serverNowMs(), useZone());
  if (!date) return <span className="bk-muted">{t("premises.unknown")}</span>;
  const days = daysUntil(date, today);
  if (days < 0)
    return (
      <span className="bk-error-text">
        <ExclamationCircleOutlined aria-hidden /> {t("premises.licenceOver", { date, days: -days })}
      </span>
    );
  if (days <= warnDays)
    return (
      <span className="bk-warning-text">
        <WarningFilled aria-hidden /> {t("premises.licenceSoon", { date, days })}
      </span>
    );
  return <span>{date}</span>;
}

export function ChannelCount({ row }: { row: PremisesRow }) {
  const { t } = useTranslation();
  if (row.cameras === null) return null;
  return <span>{t("premises.channelCount", { active: row.cameras_active ?? 0, total: row.cameras })}</span>;
}

/** Whether every must-zone has a channel that is active now. */
export function Completeness({ isComplete }: { isComplete: boolean | null }) {
  const { t } = useTranslation();
  if (isComplete === null) return null;
  return isComplete ? (
    <span className="bk-complete">
      <CheckOutlined aria-hidden className="bk-ok" /> {t("premises.complete")}
    </span>
  ) : (
    <span className="bk-incomplete">
      <MinusCircleOutlined aria-hidden /> {t("premises.incomplete")}
    </span>
  );
}

export function StateCell({ row }: { row: PremisesRow }) {
  const { t } = useTranslation();
  return (
    <span className="bk-flows">
      {row.state && <PremisesStateTag state={row.state} />}
      {row.is_suspended && (
        <span className="bk-flow bk-flow-over">
          <MinusCircleOutlined aria-hidden /> {t("premises.closedNow")}
        </span>
      )}
    </span>
  );
}
