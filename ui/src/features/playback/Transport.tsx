import {
  CameraOutlined,
  CaretRightOutlined,
  FastBackwardOutlined,
  FastForwardOutlined,
  LinkOutlined,
  MutedOutlined,
  PauseOutlined,
  SoundOutlined,
} from "@ant-design/icons";
import { Button, Select } from "antd";
import { useTranslation } from "react-i18next";

export const rates = [0.5, 1, 2, 4] as const;

interface Props {
  isPlaying: boolean;
  rate: number;
  hasSound: boolean;
  canSnapshot: boolean;
  onToggle: () => void;
  onStep: (deltaMs: number) => void;
  onRate: (rate: number) => void;
  onSound: () => void;
  onSnapshot: () => void;
  onLink: () => void;
}

export function Transport(props: Props) {
  const { t } = useTranslation();
  const { isPlaying, rate, hasSound } = props;
  const play = isPlaying ? t("play.pause") : t("play.play");
  return (
    <div className="bk-transport">
      <Button
        className="bk-stage-button bk-transport-step"
        icon={<FastBackwardOutlined />}
        aria-label={t("play.back")}
        title={t("play.back")}
        onClick={() => props.onStep(-5_000)}
      />
      <Button
        className="bk-stage-button bk-transport-play"
        icon={isPlaying ? <PauseOutlined /> : <CaretRightOutlined />}
        onClick={props.onToggle}
      >
        {play}
      </Button>
      <Button
        className="bk-stage-button bk-transport-step"
        icon={<FastForwardOutlined />}
        aria-label={t("play.forward")}
        title={t("play.forward")}
        onClick={() => props.onStep(5_000)}
      />
      <Select<number>
        className="bk-rate"
        aria-label={t("play.speed")}
        value={rate}
        onChange={props.onRate}
        options={rates.map((each) => ({ value: each, label: t("play.speedOf", { rate: each }) }))}
      />
      <Button
        className="bk-stage-button"
        icon={hasSound ? <SoundOutlined /> : <MutedOutlined />}
        aria-label={hasSound ? t("live.soundOff") : t("live.soundOn")}
        title={rate === 1 ? (hasSound ? t("live.soundOff") : t("live.soundOn")) : t("play.muted")}
        aria-pressed={hasSound}
        disabled={rate !== 1}
        onClick={props.onSound}
      />
      {props.canSnapshot && (
        <Button
          className="bk-stage-button"
          icon={<CameraOutlined />}
          title={`${t("play.snapshot")} S`}
          onClick={props.onSnapshot}
        >
          {t("play.snapshot")}
        </Button>
      )}
      <Button
        className="bk-stage-button"
        icon={<LinkOutlined />}
        aria-label={t("play.link")}
        title={t("play.link")}
        onClick={props.onLink}
      />
    </div>
  );
}
