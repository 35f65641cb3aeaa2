import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Evidence, evidenceListQuery, fileUrl } from "@/shared/api/evidence";
import { faultsQuery, type Ticket } from "@/shared/api/maintenance";
import { type Road, roadQuery } from "@/shared/api/onboarding";
import { ProblemPanel } from "@/shared/api/ProblemText";
import type { PremisesFile } from "@/shared/api/premises";
import { useAbilities } from "@/shared/api/session";
import { PremisesStateTag } from "@/shared/premises/PremisesStateTag";
import { useMoments } from "@/shared/recording/words";

/** As many rows as a file shows of a list; the rest is behind a link. */
const shown = 5;

/** What happened with the premises: its way in, its faults, its evidence, who changed it; each for who may see it. */
export function PastPanels({ premises }: { premises: PremisesFile }) {
  const { t } = useTranslation();
  const abilities = useAbilities();
  const may = (ability: string) => abilities.includes(ability);
  return (
    <>
      {may("onboarding.view") && <RoadPanel premises={premises.id} />}
      {may("fault.view") && <FaultsPanel premises={premises.id} />}
      {may("evidence.view") && <EvidencePanel premises={premises.id} />}
      {may("audit.search") && (
        <PastSection
          title={t("premises.changes")}
          more={`/audit?premises=${premises.id}`}
          moreWord="premises.changesAll"
        >
          <p className="bk-secondary">{t("premises.changesText")}</p>
        </PastSection>
      )}
    </>
  );
}

interface SectionProps {
  title: string;
  more: string;
  moreWord: string;
  children: ReactNode;
}

function PastSection({ title, more, moreWord, children }: SectionProps) {
  const { t } = useTranslation();
  return (
    <section className="bk-section" aria-label={title}>
      <div className="bk-section-head">
        <h2>{title}</h2>
        <Link className="bk-past-more" to={more}>
          {t(moreWord)}
        </Link>
      </div>
      {children}
    </section>
  );
}

interface ListProps<T> {
  query: { isError: boolean; error: unknown; refetch: () => unknown };
  items: readonly T[] | undefined;
  none: string;
  children: (item: T) => ReactNode;
}

/** The first rows of a list, or why there are none. */
function PastList<T>({ query, items, none, children }: ListProps<T>) {
  const { t } = useTranslation();
  if (query.isError && items === undefined)
    return <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />;
  if (items === undefined) return <Skeleton active={false} title={false} paragraph={{ rows: 3 }} />;
  if (items.length === 0) return <p className="bk-muted">{t(none)}</p>;
  return <ul className="bk-past">{items.slice(0, shown).map(children)}</ul>;
}

function Moment({ at }: { at: string }) {
  const { moment } = useMoments();
  return (
    <time className="bk-secondary" dateTime={at}>
      {moment(at)}
    </time>
  );
}

/** Where it stands on its way in, and how it came there; the newest first. */
function RoadPanel({ premises }: { premises: string }) {
  const { t } = useTranslation();
  const road = useQuery(roadQuery(premises));
  const state = road.data?.standing.state;
  return (
    <PastSection title={t("premises.road")} more={`/onboarding/${premises}`} moreWord="premises.roadAll">
      {state && (
        <p>
          <PremisesStateTag state={state} /> {t(`premises.roadIs.${road.data?.standing.is_due ? "due" : "notDue"}`)}
        </p>
      )}
      <PastList query={road} items={road.data && newestFirst(road.data.history)} none="onboarding.noHistory">
        {(row) => (
          <li key={`${row.at}${row.event}`}>
            <Moment at={row.at} />
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
        )}
      </PastList>
    </PastSection>
  );
}

function newestFirst(rows: Road["history"]): Road["history"] {
  return [...rows].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}

function FaultsPanel({ premises }: { premises: string }) {
  const { t } = useTranslation();
  const faults = useInfiniteQuery(faultsQuery([], "", premises));
  return (
    <PastSection title={t("premises.faults")} more={`/faults?g=all&premises=${premises}`} moreWord="premises.faultsAll">
      <PastList<Ticket> query={faults} items={faults.data?.pages[0]?.items} none="premises.noFaults">
        {(ticket) => (
          <li key={ticket.id}>
            <Moment at={ticket.opened_at} />
            <div className="bk-name-cell">
              <Link to={`/faults?g=all&premises=${premises}&t=${ticket.id}`}>
                {ticket.camera_name || t("fault.batch", { count: ticket.children })}
              </Link>
              <span className="bk-secondary">{t(`fault.state.${ticket.state}`)}</span>
            </div>
          </li>
        )}
      </PastList>
    </PastSection>
  );
}

function EvidencePanel({ premises }: { premises: string }) {
  const { t } = useTranslation();
  const found = useInfiniteQuery(evidenceListQuery({ premises }));
  const total = found.data?.pages[0]?.total ?? 0;
  return (
    <PastSection
      title={found.data ? t("premises.evidenceCount", { count: total }) : t("premises.evidence")}
      more={`/evidence?premises=${premises}`}
      moreWord="premises.evidenceAll"
    >
      <PastList<Evidence> query={found} items={found.data?.pages[0]?.items} none="premises.noEvidence">
        {(item) => (
          <li key={item.id}>
            {item.state === "DISPOSED" ? (
              <span className="bk-muted">{t("evidence.state.DISPOSED")}</span>
            ) : (
              <img className="bk-past-still" src={fileUrl(item.id, "display.jpg")} alt="" loading="lazy" />
            )}
            <div className="bk-name-cell">
              <Link className="bk-mono" to={`/evidence/${item.number}`}>
                {item.number}
              </Link>
              <span className="bk-secondary">{item.camera_name}</span>
              <Moment at={item.frame_at} />
            </div>
          </li>
        )}
      </PastList>
    </PastSection>
  );
}
