import {
  BorderOutlined,
  CaretRightOutlined,
  PauseOutlined,
  StepBackwardOutlined,
  StepForwardOutlined,
} from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { regionsQuery } from "@/shared/api/regions";
import { useKinds } from "@/shared/premises/useKinds";
import type { Turn, TurnFilter } from "./rotation";
import { Tool } from "./Tool";
import type { Turning } from "./useRotation";
import { mostTurning, type TurnCameras } from "./useTurnCameras";

interface Props {
  turn: Turn;
  turning: Turning;
  found: TurnCameras;
  isBusy: boolean;
  onToggle: () => void;
  onStop: () => void;
}

/** What takes turns, how far it is, and how to hold it. */
export function RotationBar({ turn, turning, found, isBusy, onToggle, onStop }: Props) {
  const { t } = useTranslation();
  const name = useFilterName(turn.filter);
  const isPaused = isBusy || turning.isPausedByHand;
  return (
    <section className="bk-turn" aria-label={t("live.turn")}>
      <span
        className="bk-turn-progress"
        style={{ transform: `scaleX(${turning.isTurning ? turning.progress : 0})` }}
        aria-hidden
      />
      <span className="bk-turn-name">{t("live.turnOf", { name, seconds: turn.dwellS })}</span>
      <span className="bk-turn-tools">
        <Tool label={t("live.turnFormer")} onClick={() => turning.step(-1)}>
          <StepBackwardOutlined />
        </Tool>
        <Tool label={`${isPaused ? t("live.turnOn") : t("live.turnPause")} ${t("live.spaceKey")}`} onClick={onToggle}>
          {isPaused ? <CaretRightOutlined /> : <PauseOutlined />}
        </Tool>
        <Tool label={t("live.turnNext")} onClick={() => turning.step(1)}>
          <StepForwardOutlined />
        </Tool>
        <Tool label={t("live.turnStop")} onClick={onStop}>
          <BorderOutlined />
        </Tool>
      </span>
      <span className="bk-turn-state" role="status">
        <TurnState turning={turning} found={found} isBusy={isBusy} />
      </span>
    </section>
  );
}

function TurnState({ turning, found, isBusy }: Pick<Props, "turning" | "found" | "isBusy">) {
  const { t } = useTranslation();
  const { rotation } = turning;
  if (found.isFailing) return <span className="bk-stage-warn">{t("camera.readFailed")}</span>;
  if (!rotation)
    return found.isReading ? t("live.reading") : <span className="bk-stage-warn">{t("live.turnNobody")}</span>;
  const named = (ids: readonly string[]) =>
    found.cameras
      .filter(({ id }) => ids.includes(id))
      .map(nameOf)
      .join(t("live.comma"));
  return (
    <>
      {(isBusy || turning.isPausedByHand) && (
        <span className="bk-stage-warn">{isBusy ? t("live.turnPausedBusy") : t("live.turnPaused")}</span>
      )}
      {!turning.isTurning && !isBusy && !turning.isPausedByHand && (
        <span>{t("live.turnAllShown", { count: rotation.all.length })}</span>
      )}
      {rotation.lastDead.length > 0 && (
        <span title={named(rotation.lastDead)}>
          {t("live.turnLastDead", { count: rotation.lastDead.length, names: named(rotation.lastDead) })}
        </span>
      )}
      {rotation.dead.length > 0 && (
        <span title={named(rotation.dead)}>{t("live.turnDead", { count: rotation.dead.length })}</span>
      )}
      {found.isCut && <span className="bk-stage-warn">{t("live.turnCut", { count: mostTurning })}</span>}
    </>
  );
}

function nameOf({ premises_name, name }: Camera): string {
  return [premises_name, name].filter(Boolean).join(" ");
}

/** What a filter means, in words. */
function useFilterName({ region, category, grade, mustZones }: TurnFilter): string {
  const { t } = useTranslation();
  const kinds = useKinds();
  const regions = useQuery(regionsQuery).data;
  const parts = [
    region && (regions?.find(({ code }) => code === region)?.name ?? ""),
    category && kinds.category(category),
    grade && t("premises.gradeOf", { grade }),
    mustZones && t("live.turnMust"),
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(" ") : t("live.turnAll");
}
