import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Navigate } from "react-router";
import { useAbilities } from "@/shared/api/session";
import { recordingTabs, Tabs } from "@/shared/Tabs";
import "./recordings.css";

/** Title, what can be done, and the pages of recordings. */
export function RecordingsHead({ word, children }: { word: string; children?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <>
      <div className="bk-page-head">
        <h1>{t(word)}</h1>
        <span className="bk-grow" />
        {children}
      </div>
      <Tabs tabs={recordingTabs} label={t("nav.recordings")} />
    </>
  );
}

/** Opens the first of the pages that the person has a use for. */
export function RecordingsStart() {
  const abilities = useAbilities();
  const first = recordingTabs.find(({ ability }) => abilities.includes(ability));
  return <Navigate to={first?.to ?? "/live"} replace />;
}

/** Whose: premises above, camera and zone below. */
export function WhereCell({ premises, below }: { premises: string; below: string }) {
  const { t } = useTranslation();
  return (
    <div className="bk-name-cell">
      <strong>{premises || t("recording.noPremises")}</strong>
      <span className="bk-secondary">{below}</span>
    </div>
  );
}

/** Why a list is empty. */
export function EmptyPanel({ title, text }: { title: string; text: string }) {
  return (
    <div className="bk-panel">
      <h2 className="bk-panel-title">{title}</h2>
      <p>{text}</p>
    </div>
  );
}
