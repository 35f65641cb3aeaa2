import { CloseCircleFilled, SearchOutlined, UserAddOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Input, Select, Table, Tag, TreeSelect } from "antd";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { type Person, peopleQuery, regionsQuery } from "@/shared/api/people";
import { sessionQuery, useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { formatDate } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { InviteDrawer } from "./InviteDrawer";
import { PersonDrawer } from "./PersonDrawer";
import { Waiting } from "./Waiting";
import { regionTree, usePeopleWords } from "./words";

const roleFilter = [
  "CITY_ADMIN",
  "CITY_OFFICER",
  "COUNTY_ADMIN",
  "COUNTY_OFFICER",
  "STATION_OFFICER",
  "GRID_ASSISTANT",
  "EDU_OFFICER",
  "OPERATOR_PM",
  "OPERATOR_INSTALLER",
  "OPERATOR_NOC",
  "OWNER",
  "FS_DIRECTOR",
  "FS_OFFICER",
  "SYS_ADMIN",
  "SEC_ADMIN",
  "AUDITOR",
] as const;

export function PeoplePage() {
  const { t } = useTranslation();
  const abilities = useAbilities();
  const { id } = useParams();
  const [query, setQuery] = useSearchParams();
  const [isInviting, setInviting] = useState(false);
  const filter = { q: query.get("q") ?? "", role: query.get("role") ?? "", region: query.get("r") ?? "" };
  const people = useQuery(peopleQuery(useDeferredValue(filter)));
  const put = (name: string, value: string | undefined) =>
    setQuery(
      (old) => {
        if (value) old.set(name, value);
        else old.delete(name);
        return old;
      },
      { replace: true },
    );
  const isFiltered = Boolean(filter.q || filter.role || filter.region);
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("people.title")}</h1>
        <span className="bk-grow" />
        {abilities.includes("organisations.change") && <Link to="/organisations">{t("organisation.title")}</Link>}
        {abilities.includes("people.invite") && (
          <Button type="primary" icon={<UserAddOutlined />} onClick={() => setInviting(true)}>
            {t("people.invite")}
          </Button>
        )}
      </div>
      <Waiting />
      <Tools filter={filter} put={put} count={people.data?.length} />
      {people.isError && people.data === undefined ? (
        <ProblemPanel error={people.error} title={t("people.readFailed")} onRetry={() => void people.refetch()} />
      ) : people.data?.length === 0 ? (
        <div className="bk-panel">
          <h2 className="bk-panel-title">{t(isFiltered ? "people.emptySearch" : "people.emptyTitle")}</h2>
          <p>{t(isFiltered ? "people.emptySearchText" : "people.emptyText")}</p>
          {isFiltered && <Button onClick={() => setQuery({}, { replace: true })}>{t("people.clearFilter")}</Button>}
        </div>
      ) : (
        <PeopleList people={people.data} />
      )}
      {isInviting && <InviteDrawer onClose={() => setInviting(false)} />}
      {id && <PersonDrawer id={id} />}
    </div>
  );
}

interface ToolsProps {
  filter: { q: string; role: string; region: string };
  put: (name: string, value: string | undefined) => void;
  count: number | undefined;
}

function Tools({ filter, put, count }: ToolsProps) {
  const { t } = useTranslation();
  const words = usePeopleWords();
  const regions = useQuery(regionsQuery).data ?? [];
  return (
    <div className="bk-tools">
      <Input
        className="bk-search"
        allowClear={{ clearIcon: <CloseCircleFilled aria-label={t("people.clearSearch")} /> }}
        prefix={<SearchOutlined aria-hidden />}
        placeholder={t("people.searchHint")}
        aria-label={t("people.searchHint")}
        maxLength={64}
        value={filter.q}
        onChange={(event) => put("q", event.target.value)}
      />
      <Select
        className="bk-filter"
        allowClear
        aria-label={t("people.role")}
        placeholder={t("people.anyRole")}
        value={filter.role || null}
        options={roleFilter.map((role) => ({ value: role, label: words.role(role) }))}
        onChange={(value?: string | null) => put("role", value ?? undefined)}
      />
      {regions.length > 0 && (
        <TreeSelect
          className="bk-filter"
          allowClear
          aria-label={t("people.region")}
          placeholder={t("people.anyRegion")}
          value={filter.region || null}
          treeData={regionTree(regions, [])}
          {...(regions[0] ? { treeDefaultExpandedKeys: [regions[0].code] } : {})}
          onChange={(value?: string | null) => put("r", value ?? undefined)}
        />
      )}
      {count !== undefined && (
        <span className="bk-muted" role="status">
          {t("people.total", { count })}
        </span>
      )}
    </div>
  );
}

function PeopleList({ people }: { people: Person[] | undefined }) {
  const { t } = useTranslation();
  const isPhone = useMedia(isPhoneQuery);
  if (isPhone)
    return (
      <ul className="bk-cards" aria-busy={people === undefined}>
        {people?.map((person) => (
          <li key={person.id} className="bk-card">
            <Who person={person} />
            <Roles person={person} />
            <LastSeen person={person} />
          </li>
        ))}
      </ul>
    );
  return (
    <Table<Person>
      rowKey="id"
      loading={people === undefined}
      dataSource={people ?? []}
      tableLayout="fixed"
      pagination={(people?.length ?? 0) > 50 ? { pageSize: 50, showSizeChanger: false } : false}
      columns={[
        { key: "who", title: t("people.name"), width: 240, render: (_, person) => <Who person={person} /> },
        { key: "roles", title: t("people.rolesAndScope"), render: (_, person) => <Roles person={person} /> },
        {
          key: "organisation",
          title: t("people.organisation"),
          width: 200,
          render: (_, person) => person.organisation_name || <span className="bk-muted">{t("people.none")}</span>,
        },
        {
          key: "seen",
          title: t("people.lastSeen"),
          width: 150,
          align: "right",
          render: (_, person) => <LastSeen person={person} />,
        },
      ]}
    />
  );
}

function Who({ person }: { person: Person }) {
  const { t } = useTranslation();
  const [query] = useSearchParams();
  const search = query.toString();
  return (
    <div className="bk-name-cell">
      <Link className="bk-person-link" to={`/people/${person.id}${search ? `?${search}` : ""}`}>
        {person.name}
      </Link>
      <span className="bk-secondary">{person.username}</span>
      {person.state !== "ACTIVE" && (
        <span>
          <Tag>{t(`people.state.${person.state}`)}</Tag>
        </span>
      )}
    </div>
  );
}

function Roles({ person }: { person: Person }) {
  const { t } = useTranslation();
  const words = usePeopleWords();
  if (person.grants.length === 0) return <span className="bk-muted">{t("people.noRole")}</span>;
  return (
    <ul className="bk-plain">
      {person.grants.map((grant) => (
        <li key={grant.id}>
          {words.role(grant.role)} <span className="bk-secondary">{words.scope(grant)}</span>
          {!grant.is_held && <span className="bk-warning-text"> {t("people.expired")}</span>}
        </li>
      ))}
    </ul>
  );
}

function LastSeen({ person }: { person: Person }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const me = useQuery(sessionQuery).data?.user.id;
  if (person.open_sessions > 0 && person.id !== me)
    return <span>{t("people.isIn", { count: person.open_sessions })}</span>;
  if (!person.last_seen_at) return <span className="bk-muted">{t("people.neverSeen")}</span>;
  return <span>{formatDate(Date.parse(person.last_seen_at), zone, i18n.language, serverNowMs())}</span>;
}
