import { CheckOutlined, RollbackOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Input, Modal, Skeleton } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type FrameCase, framesQuery, useJudgeFrame } from "@/shared/api/onboarding";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import { useZone } from "@/shared/api/system";
import { conditionOf } from "@/shared/camera/condition";
import { StateMark } from "@/shared/camera/StateMark";
import { useKeys } from "@/shared/keyboard";
import { useStill } from "@/shared/media/thumbs";
import { useKinds } from "@/shared/premises/useKinds";
import { premisesTabs, Tabs } from "@/shared/Tabs";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";

/** First frames one after the other: does the picture show the zone it claims? */
export function FramesPage() {
  const { t } = useTranslation();
  const cases = useQuery(framesQuery);
  const [chosen, setChosen] = useState<string>();
  const items = cases.data;
  const at = Math.max(0, items?.findIndex(({ camera }) => camera.id === chosen) ?? 0);
  const shown = items?.[at];
  const go = (step: number) => {
    const next = items?.[at + step];
    if (next) setChosen(next.camera.id);
  };
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("frames.title")}</h1>
        {items && <span className="bk-secondary">{t("frames.waiting", { count: waitingIn(items) })}</span>}
      </div>
      <Tabs tabs={premisesTabs} label={t("nav.premises")} />
      {cases.isError && items === undefined ? (
        <ProblemPanel error={cases.error} onRetry={() => void cases.refetch()} />
      ) : items === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 8 }} />
      ) : shown === undefined ? (
        <div className="bk-panel">
          <h2 className="bk-panel-title">{t("frames.noneTitle")}</h2>
          <p>{t("frames.noneText")}</p>
        </div>
      ) : (
        <div className="bk-frames">
          <Desk key={shown.camera.id} item={shown} onStep={go} />
          <Queue items={items} chosen={shown.camera.id} onChoose={setChosen} />
        </div>
      )}
    </div>
  );
}

function waitingIn(items: FrameCase[]): number {
  return items.filter(({ waiting }) => waiting).length;
}

function Queue(props: { items: FrameCase[]; chosen: string; onChoose: (id: string) => void }) {
  const { t } = useTranslation();
  const kinds = useKinds();
  return (
    <ul className="bk-queue" aria-label={t("frames.queue")}>
      {props.items.map((item) => (
        <li key={item.camera.id}>
          <button
            type="button"
            className="bk-queue-entry"
            aria-pressed={item.camera.id === props.chosen}
            onClick={() => props.onChoose(item.camera.id)}
          >
            <strong>{item.camera.premises_name}</strong>
            <span>
              {kinds.zone(item.camera.zone)}·{item.camera.name}
            </span>
            <Why item={item} />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Why it waits for somebody else, if it does. */
function Why({ item }: { item: FrameCase }) {
  const { t } = useTranslation();
  if (item.own) return <span className="bk-secondary">{t("frames.own")}</span>;
  if (item.refused_at)
    return <span className="bk-secondary">{t("frames.refused", { reason: item.refused_reason })}</span>;
  if (!item.has_pictures) return <span className="bk-secondary">{t("frames.dark")}</span>;
  return null;
}

function Desk({ item, onStep }: { item: FrameCase; onStep: (step: number) => void }) {
  const { t, i18n } = useTranslation();
  const { message } = App.useApp();
  const kinds = useKinds();
  const zone = useZone();
  const say = useProblemText();
  const judge = useJudgeFrame();
  const [isRefusing, setRefusing] = useState(false);
  const { camera } = item;
  const still = useStill(camera.id, { widthPx: 1280, isFresh: item.has_pictures });
  const canJudge = item.has_pictures && !item.own && still.url !== undefined && !judge.isPending;
  const frameAt = Number.isNaN(still.atMs) ? undefined : new Date(still.atMs).toISOString();
  const zoneWord = kinds.zone(camera.zone);
  const approve = () =>
    judge.mutate(
      { camera: camera.id, frameAt },
      { onSuccess: () => void message.success(t("frames.approved", { name: camera.name })) },
    );
  const refuse = (reason: string) =>
    judge.mutate(
      { camera: camera.id, frameAt, reason },
      {
        onSuccess: () => {
          setRefusing(false);
          void message.success(t("frames.sentBack", { name: camera.name }));
        },
      },
    );
  useKeys((code) => {
    if (isRefusing) return false;
    if (code === "KeyY" && canJudge) approve();
    else if (code === "KeyN" && canJudge) setRefusing(true);
    else if (code === "ArrowDown" || code === "KeyJ") onStep(1);
    else if (code === "ArrowUp" || code === "KeyK") onStep(-1);
    else return false;
    return true;
  });
  return (
    <section
      className="bk-frame-desk"
      aria-label={t("frames.label", { premises: camera.premises_name, zone: zoneWord })}
    >
      <div className="bk-frame-picture">
        {still.url ? (
          <img src={still.url} alt={t("frames.alt", { premises: camera.premises_name, zone: zoneWord })} />
        ) : (
          <p>{item.has_pictures ? t("frames.loading") : t("frames.noPicture")}</p>
        )}
      </div>
      <div className="bk-frame-foot">
        <div className="bk-name-cell">
          <strong className="bk-frame-zone">{t("frames.claims", { zone: zoneWord })}</strong>
          <span>
            <Link className="bk-text-link" to={`/onboarding/${item.premises_id}`}>
              {camera.premises_name}
            </Link>
            ·{camera.name}
          </span>
          <span className="bk-secondary">
            <StateMark condition={conditionOf(camera)} />{" "}
            {frameAt && t("camera.stillAt", { at: formatMoment(still.atMs, zone, i18n.language, serverNowMs()) })}
          </span>
          <Why item={item} />
        </div>
        <span className="bk-grow" />
        <Button size="large" icon={<RollbackOutlined />} disabled={!canJudge} onClick={() => setRefusing(true)}>
          {t("frames.refuse")}
        </Button>
        <Button
          size="large"
          type="primary"
          icon={<CheckOutlined />}
          disabled={!canJudge}
          loading={judge.isPending}
          onClick={approve}
        >
          {t("frames.approve")}
        </Button>
      </div>
      {judge.error && !isRefusing && (
        <p className="bk-warning-text" role="alert">
          {say(judge.error)}
        </p>
      )}
      {isRefusing && (
        <RefuseDialog
          error={judge.error}
          isPending={judge.isPending}
          onRefuse={refuse}
          onClose={() => setRefusing(false)}
        />
      )}
    </section>
  );
}

interface RefuseProps {
  error: unknown;
  isPending: boolean;
  onRefuse: (reason: string) => void;
  onClose: () => void;
}

const usual = ["wrongZone", "blocked", "blurred", "angle", "dark"] as const;

function RefuseDialog({ error, isPending, onRefuse, onClose }: RefuseProps) {
  const { t } = useTranslation();
  const say = useProblemText();
  const [reason, setReason] = useState("");
  useEffect(() => setReason(""), []);
  return (
    <Modal
      open
      title={t("frames.refuseTitle")}
      okText={t("frames.refuse")}
      cancelText={t("common.cancel")}
      okButtonProps={{ disabled: !reason.trim(), loading: isPending }}
      onOk={() => onRefuse(reason)}
      onCancel={onClose}
    >
      <div className="bk-file-tools">
        {usual.map((each) => (
          <Button key={each} size="small" onClick={() => setReason(t(`frames.reason.${each}`))}>
            {t(`frames.reason.${each}`)}
          </Button>
        ))}
      </div>
      <Input.TextArea
        rows={3}
        maxLength={200}
        className="bk-refuse-text"
        value={reason}
        aria-label={t("field.reason")}
        placeholder={t("frames.refuseHint")}
        onChange={({ target }) => setReason(target.value)}
      />
      {error !== null && error !== undefined && <p className="bk-error-text">{say(error)}</p>}
    </Modal>
  );
}
