import { DatePicker } from "antd";
import dayjs from "dayjs";
import { useZone } from "@/shared/api/system";
import { formatClock, formatIsoDate, parseZoned } from "@/shared/time/format";

interface Props {
  /** UTC milliseconds; NaN or none: nothing is chosen. */
  value?: number | undefined;
  onChange?: (atMs: number | undefined) => void;
  id?: string;
  label?: string;
}

/** A moment on the city's clock, to the minute; fits in forms. */
export function MomentInput({ value, onChange, id, label }: Props) {
  const zone = useZone();
  const isSet = value !== undefined && !Number.isNaN(value);
  return (
    <DatePicker
      {...(id ? { id } : {})}
      {...(label ? { "aria-label": label } : {})}
      className="bk-moment-input"
      showTime={{ format: "HH:mm" }}
      format="YYYY-MM-DD HH:mm"
      value={isSet ? dayjs(`${formatIsoDate(value, zone)}T${formatClock(value, zone)}`) : null}
      onChange={(day) =>
        onChange?.(day ? parseZoned(day.format("YYYY-MM-DD"), day.format("HH:mm:ss"), zone) : undefined)
      }
    />
  );
}
