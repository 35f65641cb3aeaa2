import { LeftOutlined, RightOutlined } from "@ant-design/icons";
import { Button, DatePicker, TimePicker } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { formatClock, formatIsoDate, parseZoned } from "@/shared/time/format";
import { dayMs } from "./geometry";

interface Props {
  atMs: number;
  nowMs: number;
  zone: string;
  onSeek: (atMs: number) => void;
}

/** Date and clock of the city; what is picked is sought at once. */
export function MomentChoice({ atMs, nowMs, zone, onSeek }: Props) {
  const { t } = useTranslation();
  const date = formatIsoDate(atMs, zone);
  const clock = formatClock(atMs, zone);
  const today = formatIsoDate(nowMs, zone);
  const seek = (wantedDate: string, wantedClock: string) => {
    const wantedMs = parseZoned(wantedDate, wantedClock, zone);
    if (!Number.isNaN(wantedMs)) onSeek(Math.min(wantedMs, nowMs - 1_000));
  };
  return (
    <span className="bk-moment">
      <Button
        icon={<LeftOutlined />}
        aria-label={t("play.prevDay")}
        title={t("play.prevDay")}
        onClick={() => onSeek(atMs - dayMs)}
      />
      <DatePicker
        className="bk-moment-date"
        aria-label={t("play.date")}
        allowClear={false}
        value={dayjs(date)}
        disabledDate={(day) => day.format("YYYY-MM-DD") > today}
        onChange={(day) => day && seek(day.format("YYYY-MM-DD"), clock)}
      />
      <Button
        icon={<RightOutlined />}
        aria-label={t("play.nextDay")}
        title={t("play.nextDay")}
        disabled={date >= today}
        onClick={() => onSeek(Math.min(atMs + dayMs, nowMs - 1_000))}
      />
      <span className="bk-moment-word">{t("play.jump")}</span>
      <TimePicker
        className="bk-moment-time"
        aria-label={t("play.jumpLabel")}
        allowClear={false}
        showNow={false}
        needConfirm
        value={dayjs(`${date}T${clock}`)}
        onChange={(time) => time && seek(date, time.format("HH:mm:ss"))}
      />
    </span>
  );
}
