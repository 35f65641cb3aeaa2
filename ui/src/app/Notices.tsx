import { BellOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Badge, Button, Popover } from "antd";
import { useTranslation } from "react-i18next";
import { type Notice, noticesQuery, useReadNotices } from "@/shared/api/notices";
import { useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";

/** The bell: how many notices are unread; opening it reads them. */
export function Notices() {
  const { t } = useTranslation();
  const isFor = useAbilities().includes("notices.own");
  const notices = useQuery({ ...noticesQuery, enabled: isFor }).data ?? [];
  const read = useReadNotices();
  if (!isFor) return null;
  const unread = notices.filter((notice) => !notice.is_read).length;
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      title={t("notice.title")}
      content={<NoticeList notices={notices} />}
      onOpenChange={(isOpen) => {
        // Marked once they are put away, so that what is new can be told while they are looked at.
        if (!isOpen && unread > 0) read.mutate();
      }}
    >
      <Button
        type="text"
        aria-label={unread > 0 ? t("notice.unread", { count: unread }) : t("notice.title")}
        icon={
          <Badge count={unread} size="small" color="gold">
            <BellOutlined />
          </Badge>
        }
      />
    </Popover>
  );
}

function NoticeList({ notices }: { notices: readonly Notice[] }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  if (notices.length === 0) return <p className="bk-notices">{t("notice.none")}</p>;
  return (
    <ul className="bk-notices bk-rows">
      {notices.map(({ id, kind, params, created_at, is_read }) => (
        <li key={id} className="bk-name-cell">
          <span className={is_read ? "" : "bk-notice-new"}>
            {t(`notice.kind.${kind}`, { ...params, defaultValue: t("notice.other") })}
          </span>
          <time className="bk-secondary" dateTime={created_at}>
            {formatMoment(Date.parse(created_at), zone, i18n.language, serverNowMs())}
          </time>
        </li>
      ))}
    </ul>
  );
}
