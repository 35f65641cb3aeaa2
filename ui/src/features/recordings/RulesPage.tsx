import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { type Level, type Rule, rulesQuery } from "@/shared/api/recording";
import { useKinds } from "@/shared/premises/useKinds";
import { useMoments, useRecordingWords } from "@/shared/recording/words";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { CameraPlanPanel } from "./CameraPlanPanel";
import { RecordingsHead } from "./RecordingsHead";
import { RuleDrawer } from "./RuleDrawer";
import type { Edited } from "./rule";

/** A line of a list: what it is about, and what was said of it. usualDays: what a category keeps if nobody said. */
interface Row extends Edited {
  usualDays: number | undefined;
}

const levels = ["category", "premises", "camera"] as const satisfies readonly Level[];

/** How long and when is recorded: what was said for categories, premises and cameras, and what follows for one. */
export function RulesPage() {
  const { t } = useTranslation();
  const [query, setQuery] = useSearchParams();
  const rules = useQuery(rulesQuery);
  const { kinds, category } = useKinds();
  const [edited, setEdited] = useState<Edited>();
  const items = rules.data?.items ?? [];
  const abilities = rules.data?.abilities ?? [];
  const rowOf = (rule: Rule): Row => ({
    level: rule.level,
    subject: rule.subject,
    name: rule.level === "category" ? category(rule.subject) : rule.name,
    rule,
    usualDays: undefined,
  });
  const rowsOf = (level: Level): Row[] =>
    level === "category"
      ? (kinds?.categories ?? []).map(({ code, retention_days }) => ({
          level,
          subject: code,
          name: category(code),
          rule: items.find((each) => each.level === level && each.subject === code),
          usualDays: retention_days,
        }))
      : items.filter((each) => each.level === level).map(rowOf);
  const canSet = (level: Level) =>
    abilities.includes(level === "category" ? "recording.set_category_rule" : "recording.set_rule");
  return (
    <div className="bk-page">
      <RecordingsHead word="tab.recordingRules" />
      <p className="bk-lead">{t("recording.rules.lead")}</p>
      {rules.isError && rules.data === undefined ? (
        <ProblemPanel error={rules.error} onRetry={() => void rules.refetch()} />
      ) : rules.data === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 8 }} />
      ) : (
        <>
          <CameraPlanPanel
            camera={query.get("c") ?? ""}
            onCamera={(id) => setQuery({ c: id }, { replace: true })}
            onEdit={setEdited}
          />
          {levels.map((level) => (
            <RuleSection key={level} level={level} rows={rowsOf(level)} canSet={canSet(level)} onEdit={setEdited} />
          ))}
        </>
      )}
      {edited && <RuleDrawer edited={edited} onClose={() => setEdited(undefined)} />}
    </div>
  );
}

interface SectionProps {
  level: Level;
  rows: Row[];
  canSet: boolean;
  onEdit: (edited: Edited) => void;
}

function RuleSection({ level, rows, canSet, onEdit }: SectionProps) {
  const { t } = useTranslation();
  const isPhone = useMedia(isPhoneQuery);
  const title = t(`recording.rules.${level}`);
  const List = isPhone ? Cards : Rows;
  return (
    <section className="bk-section" aria-label={title}>
      <div className="bk-section-head">
        <h2>{title}</h2>
        {canSet && level !== "category" && (
          <Button icon={<PlusOutlined />} onClick={() => onEdit({ level, subject: "", name: "", rule: undefined })}>
            {t(`recording.rules.add.${level}`)}
          </Button>
        )}
      </div>
      {rows.length > 0 ? (
        <List {...{ level, rows, canSet, onEdit }} />
      ) : (
        <p className="bk-muted">{level !== "category" && t(`recording.rules.none.${level}`)}</p>
      )}
    </section>
  );
}

function Name({ row: { level, subject, name } }: { row: Row }) {
  const { t } = useTranslation();
  if (!name) return <span className="bk-muted">{t("recording.rules.gone")}</span>;
  if (level === "premises") return <Link to={`/premises/${subject}`}>{name}</Link>;
  if (level === "camera") return <Link to={`/recordings/rules?c=${subject}`}>{name}</Link>;
  return <span>{name}</span>;
}

function Days({ row: { rule, usualDays } }: { row: Row }) {
  const { t } = useTranslation();
  const words = useRecordingWords();
  const said = rule?.keep_days ?? null;
  if (said !== null) return <>{words.days(said)}</>;
  return (
    <span className="bk-muted">
      {usualDays === undefined ? t("recording.rules.unsaid") : t("recording.rules.usualDays", { count: usualDays })}
    </span>
  );
}

function How({ row: { rule } }: { row: Row }) {
  const { t } = useTranslation();
  const words = useRecordingWords();
  return rule?.mode ? <>{words.mode(rule.mode)}</> : <span className="bk-muted">{t("recording.rules.unsaid")}</span>;
}

function Because({ rule }: { rule: Rule | undefined }) {
  const { moment } = useMoments();
  if (!rule) return null;
  return (
    <div className="bk-name-cell">
      <span>{rule.reason}</span>
      <time className="bk-secondary" dateTime={rule.set_at}>
        {moment(rule.set_at)}
      </time>
    </div>
  );
}

type ListProps = SectionProps;

function EditButton({ row, onEdit }: { row: Row; onEdit: (edited: Edited) => void }) {
  const { t } = useTranslation();
  return (
    <Button
      type="link"
      className="bk-link-button"
      aria-label={t("recording.rules.editOne", { name: row.name })}
      onClick={() => onEdit(row)}
    >
      {t("recording.rules.edit")}
    </Button>
  );
}

function Rows({ level, rows, canSet, onEdit }: ListProps) {
  const { t } = useTranslation();
  const columns: TableColumnsType<Row> = [
    {
      key: "name",
      title: level === "category" ? t("recording.rules.categoryOne") : t("recording.rules.subject"),
      width: "26%",
      render: (_, row) => <Name row={row} />,
    },
    { key: "days", title: t("recording.rules.keepDays"), width: 160, render: (_, row) => <Days row={row} /> },
    { key: "mode", title: t("recording.rules.mode"), width: "24%", render: (_, row) => <How row={row} /> },
    { key: "why", title: t("recording.reason"), render: (_, row) => <Because rule={row.rule} /> },
    ...(canSet
      ? [
          {
            key: "edit",
            title: "",
            width: 90,
            render: (_: unknown, row: Row) => <EditButton row={row} onEdit={onEdit} />,
          },
        ]
      : []),
  ];
  return <Table<Row> rowKey="subject" size="small" columns={columns} dataSource={rows} pagination={false} />;
}

function Cards({ rows, canSet, onEdit }: ListProps) {
  return (
    <ul className="bk-cards">
      {rows.map((row) => (
        <li key={row.subject} className="bk-card">
          <strong>
            <Name row={row} />
          </strong>
          <div className="bk-card-figures">
            <Days row={row} />
            <How row={row} />
          </div>
          <Because rule={row.rule} />
          {canSet && <EditButton row={row} onEdit={onEdit} />}
        </li>
      ))}
    </ul>
  );
}
