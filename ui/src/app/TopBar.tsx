import { DownOutlined, MoonOutlined, SunOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Dropdown } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useCloseSession } from "@/shared/api/session";
import { systemQuery, useZone } from "@/shared/api/system";
import { LanguageButton } from "@/shared/i18n/LanguageButton";
import { closeThumbSessions } from "@/shared/media/thumbs";
import { useThemeChoice } from "@/shared/theme/useThemeName";
import { formatClock, formatDate } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";
import { Notices } from "./Notices";

export function TopBar({ name }: { name: string }) {
  const { t } = useTranslation();
  const system = useQuery(systemQuery).data;
  const close = useCloseSession();
  const navigate = useNavigate();
  const logOut = () => {
    closeThumbSessions();
    close.mutate();
  };
  return (
    <header className="bk-bar">
      <img src="/mark.svg" alt="" width={24} height={24} />
      <span className="bk-brand">{t("app.name")}</span>
      {system?.city && <span className="bk-city">{system.city}</span>}
      {system?.demo && <span className="bk-demo">{t("app.demo")}</span>}
      <span className="bk-grow" />
      <ThemeButton />
      <LanguageButton />
      <Notices />
      <CityClock />
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            { key: "account", label: t("account.title"), onClick: () => navigate("/account") },
            { key: "logout", label: t("app.logout"), onClick: logOut },
          ],
        }}
      >
        <Button type="text" aria-label={t("app.userMenu", { name })} className="bk-user">
          <span className="bk-user-name">{name}</span>
          <DownOutlined aria-hidden />
        </Button>
      </Dropdown>
    </header>
  );
}

function ThemeButton() {
  const { t } = useTranslation();
  const { name, choose } = useThemeChoice();
  const label = name === "dark" ? t("app.theme.toLight") : t("app.theme.toDark");
  return (
    <Button
      type="text"
      className="bk-theme-button"
      icon={name === "dark" ? <SunOutlined /> : <MoonOutlined />}
      aria-label={label}
      title={label}
      onClick={() => choose(name === "dark" ? "light" : "dark")}
    />
  );
}

function CityClock() {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const nowMs = useNow();
  return (
    <span className="bk-clock" title={t("app.clock", { zone })}>
      <span className="bk-clock-date">{formatDate(nowMs, zone, i18n.language, nowMs)}</span>
      <time dateTime={new Date(nowMs).toISOString()}>{formatClock(nowMs, zone)}</time>
    </span>
  );
}
