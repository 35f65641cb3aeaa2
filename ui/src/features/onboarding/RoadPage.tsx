import { CheckCircleFilled, CloseCircleOutlined, EditOutlined, QuestionCircleOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Skeleton } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import {
  type CheckItem,
  type Road,
  type RoadEvent,
  type RoadState,
  roadQuery,
  type Step,
} from "@/shared/api/onboarding";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { useZone } from "@/shared/api/system";
import { PremisesStateTag } from "@/shared/premises/PremisesStateTag";
import { useKinds } from "@/shared/premises/useKinds";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { EventDrawer } from "./EventDrawer";
import { Due, ownerOf } from "./OnboardingPage";

const road: RoadState[] = [
  "LEAD",
  "SIGNED",
  "SURVEYED",
  "ORDERED",
  "INSTALLING",
  "INSTALLED",
  "TRIAL",
  "ACCEPTED",
  "IN_SERVICE",
];

/** What leads off the road: never offered as the next step. */
const away: ReadonlySet<RoadEvent> = new Set(["rework", "refuse", "suspend", "relocate", "terminate"]);

/** One premises on its way in: where it stands, what is next and whose it is, what acceptance lacks, what was done. */
export function RoadPage() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const found = useQuery(roadQuery(id));
  return (
    <div className="bk-page">
      <p className="bk-crumb">
        <Link to="/onboarding">{t("onboarding.title")}</Link>
      </p>
      {found.isError && found.data === undefined ? (
        <ProblemPanel error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data ? (
        <Shown road={found.data} />
      ) : (
        <Skeleton active={false} paragraph={{ rows: 10 }} />
      )}
    </div>
  );
}

function Shown({ road: shown }: { road: Road }) {
  const { t } = useTranslation();
  const kinds = useKinds();
  const [doing, setDoing] = useState<Step>();
  const { standing } = shown;
  const next = standing.steps.find(({ event }) => !away.has(event));
  const side = standing.steps.filter((step) => step.allowed && step !== next);
  return (
    <>
      <div className="bk-page-head">
        <h1>{standing.name}</h1>
        <PremisesStateTag state={standing.state} />
        <span className="bk-grow" />
        <Link to={`/premises/${standing.premises_id}`}>{t("onboarding.file")}</Link>
      </div>
      <p className="bk-file-line">
        <span>{kinds.category(standing.category)}</span>
        <span>{standing.region_name}</span>
        <span>{standing.is_due ? t("onboarding.isDue") : t("onboarding.isNotDue")}</span>
        {standing.exempt_reason && <span>{t("onboarding.exempt", { reason: standing.exempt_reason })}</span>}
      </p>
      <Steps state={standing.state} />
      <div className="bk-file">
        <div className="bk-file-main">
          <section className="bk-section">
            <h2>{t("onboarding.next")}</h2>
            {next ? (
              <div className="bk-next">
                <div className="bk-name-cell">
                  <strong>{t(`onboarding.event.${next.event}`)}</strong>
                  <span className="bk-secondary">
                    {next.allowed ? t("onboarding.yours") : t(`onboarding.by.${ownerOf(next.roles)}`)}
                  </span>
                  <span className="bk-secondary">
                    <Due item={standing} />
                  </span>
                </div>
                {next.allowed && (
                  <Button type="primary" onClick={() => setDoing(next)}>
                    {t(`onboarding.event.${next.event}`)}
                  </Button>
                )}
              </div>
            ) : (
              <p>{t("onboarding.noNext")}</p>
            )}
            {side.length > 0 && (
              <div className="bk-file-tools">
                {side.map((step) => (
                  <Button key={step.event} onClick={() => setDoing(step)}>
                    {t(`onboarding.event.${step.event}`)}
                  </Button>
                ))}
              </div>
            )}
          </section>
          <History rows={shown.history} />
        </div>
        <div className="bk-file-side">
          <Checklist items={shown.checklist} />
        </div>
      </div>
      {doing && <EventDrawer key={doing.event} road={shown} step={doing} onClose={() => setDoing(undefined)} />}
    </>
  );
}

/** The main road with what lies behind, is now and lies ahead. */
function Steps({ state }: { state: RoadState }) {
  const { t } = useTranslation();
  const at = road.indexOf(state);
  return (
    <ol className="bk-steps" aria-label={t("onboarding.road")}>
      {road.map((each, index) => (
        <li
          key={each}
          className={index === at ? "bk-step-now" : index < at ? "bk-step-done" : ""}
          aria-current={index === at ? "step" : undefined}
        >
          <span aria-hidden className="bk-step-mark">
            {index < at ? <CheckCircleFilled /> : index + 1}
          </span>
          {t(`premises.state.${each}`)}
        </li>
      ))}
    </ol>
  );
}

const marks: Record<CheckItem["outcome"], ReactNode> = {
  OK: <CheckCircleFilled />,
  MISSING: <CloseCircleOutlined />,
  UNKNOWN: <QuestionCircleOutlined />,
  BY_HAND: <EditOutlined />,
};

function Checklist({ items }: { items: CheckItem[] }) {
  const { t } = useTranslation();
  const kinds = useKinds();
  const done = items.filter(({ outcome }) => outcome === "OK").length;
  return (
    <section className="bk-section">
      <h2>{t("onboarding.checklist", { done, all: items.length })}</h2>
      <ul className="bk-checks">
        {items.map((item) => (
          <li key={item.what} className={`bk-check-${item.outcome.toLowerCase()}`}>
            <span aria-hidden>{marks[item.outcome]}</span>
            <div className="bk-name-cell">
              <span>
                {t(`check.${item.what}`)}
                {item.percent !== null && item.percent !== undefined && ` ${item.percent}%`}
              </span>
              <span className="bk-secondary">
                {t(`check.outcome.${item.outcome}`)}
                {item.subjects.length > 0 &&
                  t("check.subjects", {
                    names: item.subjects
                      .map((each) => (item.what === "zones" ? kinds.zone(each) : each))
                      .join(t("check.comma")),
                  })}
              </span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function History({ rows }: { rows: Road["history"] }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  return (
    <section className="bk-section">
      <h2>{t("onboarding.history")}</h2>
      {rows.length === 0 && <p className="bk-muted">{t("onboarding.noHistory")}</p>}
      <ul className="bk-history">
        {rows.map((row) => (
          <li key={`${row.at}${row.event}`}>
            <time dateTime={row.at}>{formatMoment(Date.parse(row.at), zone, i18n.language, serverNowMs())}</time>
            <div className="bk-name-cell">
              <span>
                {t(`onboarding.event.${row.event}`)} <PremisesStateTag state={row.to_state} />
              </span>
              <span className="bk-secondary">
                {row.actor || t("onboarding.system")}
                {row.reason && t("onboarding.because", { reason: row.reason })}
              </span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
