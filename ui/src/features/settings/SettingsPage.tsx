import { useQuery } from "@tanstack/react-query";
import { Button, Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { useAbilities } from "@/shared/api/session";
import { type Settings, settingsQuery } from "@/shared/api/settings";
import { useMoments } from "@/shared/recording/words";
import { CertificatePanel } from "./CertificatePanel";
import { LibraryList } from "./LibraryList";
import { Facts, Panel } from "./Panel";
import "./settings.css";

/** What is in force here, without a shell. What is set in the settings file is shown and not offered to be changed. */
export function SettingsPage() {
  const { t } = useTranslation();
  const settings = useQuery(settingsQuery);
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("settings.title")}</h1>
      </div>
      <p className="bk-secondary bk-settings-lead">{t("settings.lead")}</p>
      {settings.isError && settings.data === undefined ? (
        <ProblemPanel error={settings.error} onRetry={() => void settings.refetch()} />
      ) : settings.data === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 12 }} />
      ) : (
        <Shown settings={settings.data} />
      )}
    </div>
  );
}

function Shown({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  return (
    <>
      <div className="bk-settings">
        <CityPanel settings={settings} />
        <CertificatePanel ways={settings.ways_in} />
        <ClockPanel settings={settings} />
        <RulesPanel settings={settings} />
        <LogInPanel settings={settings} />
        <EvidencePanel settings={settings} />
      </div>
      <AboutPanel settings={settings} />
      <p className="bk-secondary">
        {t("settings.personal")} <Link to="/account">{t("settings.account")}</Link>
      </p>
    </>
  );
}

function CityPanel({ settings: { city } }: { settings: Settings }) {
  const { t } = useTranslation();
  return (
    <Panel word="settings.city">
      <Facts
        facts={[
          ["settings.city.name", city.name],
          [
            "settings.city.regions",
            city.code
              ? t("settings.city.regionsOf", { code: city.code, counties: city.counties, townships: city.townships })
              : t("settings.city.noRegions"),
          ],
          ["settings.city.data", t(city.demo ? "settings.city.demo" : "settings.city.real")],
        ]}
      />
    </Panel>
  );
}

function ClockPanel({ settings: { host_clock, city } }: { settings: Settings }) {
  const { t } = useTranslation();
  const { moment } = useMoments();
  const { state, error_us } = host_clock;
  return (
    <Panel word="settings.clock">
      <Facts
        facts={[
          ["settings.clock.at", moment(host_clock.at)],
          ["settings.clock.zone", city.time_zone],
          [
            "settings.clock.state",
            <span key="state" className={state === "unsynchronised" ? "bk-warning-text" : undefined}>
              {t(`settings.clock.state.${state}`)}
              {error_us !== null && t("settings.clock.error", { ms: (error_us / 1000).toFixed(1) })}
            </span>,
          ],
        ]}
      />
      {state === "unsynchronised" && <p className="bk-warning-text">{t("settings.clock.advice")}</p>}
    </Panel>
  );
}

function RulesPanel({ settings: { urban_hours, rural_hours } }: { settings: Settings }) {
  const { t } = useTranslation();
  const abilities = useAbilities();
  return (
    <Panel word="settings.rules">
      <Facts
        facts={[
          [
            "settings.rules.retention",
            abilities.includes("recording.view_plan") ? (
              <Link key="to" to="/recordings/rules">
                {t("tab.recordingRules")}
              </Link>
            ) : (
              t("settings.rules.retentionBy")
            ),
          ],
          [
            "settings.rules.storage",
            <Link key="to" to="/nodes">
              {t("tab.nodes")}
            </Link>,
          ],
          ["settings.rules.faults", t("settings.rules.faultHours", { urban: urban_hours, rural: rural_hours })],
        ]}
      />
    </Panel>
  );
}

function LogInPanel({ settings: { log_in } }: { settings: Settings }) {
  const { t } = useTranslation();
  const { second_factor, strict, single_sign_on } = log_in;
  return (
    <Panel word="settings.logIn">
      <Facts
        facts={[
          [
            "settings.logIn.factor",
            <span key="factor" className={second_factor ? undefined : "bk-warning-text"}>
              {t(second_factor ? "settings.logIn.factorOn" : "settings.logIn.factorOff")}
            </span>,
          ],
          ["settings.logIn.rules", t(strict ? "settings.logIn.strict" : "settings.logIn.usual")],
          [
            "settings.logIn.signOn",
            single_sign_on === null ? t("settings.logIn.noSignOn") : single_sign_on || t("login.signOn.button"),
          ],
        ]}
      />
    </Panel>
  );
}

const suites: Record<string, string> = { ed25519: "Ed25519 + SHA-256", sm2: "SM2 + SM3" };

function EvidencePanel({ settings: { evidence_suite, c2pa } }: { settings: Settings }) {
  const { t } = useTranslation();
  return (
    <Panel word="settings.evidence">
      <Facts
        facts={[
          ["settings.evidence.suite", suites[evidence_suite] ?? evidence_suite],
          ["settings.evidence.c2pa", t(c2pa ? "settings.evidence.c2paOn" : "settings.evidence.c2paOff")],
        ]}
      />
    </Panel>
  );
}

function AboutPanel({ settings: { version, database, libraries } }: { settings: Settings }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <Panel word="settings.about">
      <Facts
        facts={[
          ["settings.about.version", version],
          ["settings.about.database", t(`settings.about.database.${database}`)],
          ["settings.about.licence", "Apache-2.0"],
          [
            "settings.about.libraries",
            <Button key="libraries" size="small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
              {t(isOpen ? "settings.about.hide" : "settings.about.show")}
            </Button>,
          ],
        ]}
      />
      {isOpen && <LibraryList server={libraries} />}
    </Panel>
  );
}
