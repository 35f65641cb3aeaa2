import {
  CameraOutlined,
  CaretRightOutlined,
  FastBackwardOutlined,
  FastForwardOutlined,
  LinkOutlined,
  MutedOutlined,
  PauseOutlined,
  SoundOutlined,
  StepBackwardOutlined,
  StepForwardOutlined,
} from "@ant-design/icons";
import { Button, Segmented } from "antd";
import { useTranslation } from "react-i18next";

export const speeds = [0.5, 1, 2, 4, 8, 16] as const;

interface Props {
  isPlaying: boolean;
  /** Below 0: back. */
  speed: number;
  hasSound: boolean;
  canSnapshot: boolean;
  canMark: boolean;
  onToggle: () => void;
  onStep: (deltaMs: number) => void;
  onFrame: (direction: 1 | -1) => void;
  onKeyBack: () => void;
  onSpeed: (speed: number) => void;
  onSound: () => void;
  onSnapshot: () => void;
  onMark: (edge: "in" | "out") => void;
  onLink: () => void;
}

interface StepProps {
  icon: React.ReactNode;
  label: string;
  onClick: () => void;
}

function Step({ icon, label, onClick }: StepProps) {
  return (
    <Button
      className="bk-stage-button bk-transport-step"
      icon={icon}
      aria-label={label}
      title={label}
      onClick={onClick}
    />
  );
}

export function Transport(props: Props) {
  const { t } = useTranslation();
  const { isPlaying, speed, hasSound } = props;
  return (
    <div className="bk-transport">
      <Step icon={<StepBackwardOutlined />} label={`${t("play.frameBack")} ,`} onClick={() => props.onFrame(-1)} />
      <Step icon={<FastBackwardOutlined />} label={t("play.back")} onClick={() => props.onStep(-5_000)} />
      <Button
        className="bk-stage-button bk-transport-play"
        icon={isPlaying ? <PauseOutlined /> : <CaretRightOutlined />}
        onClick={props.onToggle}
      >
        {isPlaying ? t("play.pause") : t("play.play")}
      </Button>
      <Step icon={<FastForwardOutlined />} label={t("play.forward")} onClick={() => props.onStep(5_000)} />
      <Step icon={<StepForwardOutlined />} label={`${t("play.frameOn")} .`} onClick={() => props.onFrame(1)} />
      <Button className="bk-stage-button" title={`${t("play.keyBack")} Shift+,`} onClick={props.onKeyBack}>
        {t("play.keyBack")}
      </Button>
      <Segmented<number>
        className="bk-stage-segmented bk-speeds"
        aria-label={t("play.speed")}
        value={speed}
        onChange={props.onSpeed}
        options={speeds.map((each) => ({ value: each, label: `${each}×` }))}
      />
      {speed < 0 && <span className="bk-stage-warn">{t("play.backAt", { rate: -speed })}</span>}
      <Button
        className="bk-stage-button"
        icon={hasSound ? <SoundOutlined /> : <MutedOutlined />}
        aria-label={hasSound ? t("live.soundOff") : t("live.soundOn")}
        title={speed === 1 ? (hasSound ? t("live.soundOff") : t("live.soundOn")) : t("play.muted")}
        aria-pressed={hasSound}
        disabled={speed !== 1}
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
      {props.canMark && (
        <>
          <Button className="bk-stage-button" title={`${t("play.markIn")} I`} onClick={() => props.onMark("in")}>
            {t("play.markIn")}
          </Button>
          <Button className="bk-stage-button" title={`${t("play.markOut")} O`} onClick={() => props.onMark("out")}>
            {t("play.markOut")}
          </Button>
        </>
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
