import { ThunderboltOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import { canWebRtc } from "@/players/live/whepPorts";
import { useLiveWay, writeLiveWay } from "./liveWay";
import { Tool } from "./Tool";

/** Switches every tile of this browser between the standard way and the one with the least delay. */
export function LowDelayTool() {
  const { t } = useTranslation();
  const isOn = useLiveWay() === "webrtc";
  if (!canWebRtc()) return null;
  return (
    <Tool label={t("live.lowDelay")} isOn={isOn} onClick={() => writeLiveWay(isOn ? "ws" : "webrtc")}>
      <ThunderboltOutlined />
    </Tool>
  );
}
