import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Form, Input, Modal, Select, Table, TreeSelect } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import {
  type Organisation,
  type OrganisationIn,
  organisationsQuery,
  regionsQuery,
  useSaveOrganisation,
} from "@/shared/api/people";
import { useAbilities } from "@/shared/api/session";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { regionTree, usePeopleWords } from "./words";

const kinds = ["CITY_BUREAU", "COUNTY_BUREAU", "STATION", "EDU_BUREAU", "OPERATOR"] as const;

export function OrganisationsPage() {
  const { t } = useTranslation();
  const words = usePeopleWords();
  const organisations = useQuery(organisationsQuery);
  const [editing, setEditing] = useState<Organisation | "new">();
  const isPhone = useMedia(isPhoneQuery);
  const canAdd = useAbilities().includes("organisations.change");
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <h1>{t("organisation.title")}</h1>
        <span className="bk-grow" />
        <Link to="/people">{t("people.title")}</Link>
        {canAdd && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setEditing("new")}>
            {t("organisation.add")}
          </Button>
        )}
      </div>
      {organisations.isError && organisations.data === undefined ? (
        <ProblemPanel error={organisations.error} onRetry={() => void organisations.refetch()} />
      ) : organisations.data?.length === 0 ? (
        <div className="bk-panel">
          <h2 className="bk-panel-title">{t("organisation.emptyTitle")}</h2>
          <p>{t("organisation.emptyText")}</p>
        </div>
      ) : isPhone ? (
        <ul className="bk-cards">
          {organisations.data?.map((each) => (
            <li key={each.id} className="bk-card">
              <strong>{each.name}</strong>
              <div className="bk-card-figures">
                <span>{t(`organisation.kind.${each.kind}`)}</span>
                <span>{words.region(each.region)}</span>
              </div>
              {each.abilities.length > 0 && (
                <Button onClick={() => setEditing(each)} aria-label={`${t("common.edit")} ${each.name}`}>
                  {t("common.edit")}
                </Button>
              )}
            </li>
          ))}
        </ul>
      ) : (
        <Table<Organisation>
          rowKey="id"
          loading={organisations.isPending}
          dataSource={organisations.data ?? []}
          pagination={false}
          columns={[
            { key: "name", title: t("organisation.name"), dataIndex: "name" },
            { key: "kind", title: t("organisation.kind"), render: (_, each) => t(`organisation.kind.${each.kind}`) },
            { key: "region", title: t("people.region"), render: (_, each) => words.region(each.region) },
            {
              key: "actions",
              title: t("camera.actions"),
              width: 120,
              render: (_, each) =>
                each.abilities.length > 0 && (
                  <Button size="small" onClick={() => setEditing(each)} aria-label={`${t("common.edit")} ${each.name}`}>
                    {t("common.edit")}
                  </Button>
                ),
            },
          ]}
        />
      )}
      {editing && (
        <OrganisationDialog
          key={editing === "new" ? "new" : editing.id}
          old={editing === "new" ? undefined : editing}
          onClose={() => setEditing(undefined)}
        />
      )}
    </div>
  );
}

function OrganisationDialog({ old, onClose }: { old: Organisation | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const say = useProblemText();
  const [form] = Form.useForm<OrganisationIn>();
  const save = useSaveOrganisation();
  const regions = useQuery(regionsQuery).data ?? [];
  const done = { onSuccess: onClose, onError: (error: unknown) => void message.error(say(error)) };
  const retire = () =>
    old &&
    modal.confirm({
      title: t("organisation.retireTitle", { name: old.name }),
      content: t("organisation.retireText"),
      okText: t("organisation.retire"),
      cancelText: t("common.cancel"),
      onOk: () =>
        save.mutate({ old, body: { kind: old.kind, name: old.name, region: old.region, retired: true } }, done),
    });
  return (
    <Modal
      open
      title={old ? t("organisation.edit") : t("organisation.add")}
      onCancel={onClose}
      footer={
        <div className="bk-drawer-foot">
          {old && <Button onClick={retire}>{t("organisation.retire")}</Button>}
          <span className="bk-grow" />
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="primary" loading={save.isPending} onClick={() => form.submit()}>
            {t("common.save")}
          </Button>
        </div>
      }
    >
      <Form<OrganisationIn>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={old ?? { kind: "STATION" }}
        onFinish={({ kind, name, region }) =>
          save.mutate({ old, body: { kind, name: name.trim(), region } }, { onSuccess: onClose })
        }
      >
        <Form.Item
          name="name"
          label={t("organisation.name")}
          rules={[{ required: true, message: t("organisation.needName") }]}
        >
          <Input maxLength={100} />
        </Form.Item>
        <Form.Item name="kind" label={t("organisation.kind")}>
          <Select options={kinds.map((kind) => ({ value: kind, label: t(`organisation.kind.${kind}`) }))} />
        </Form.Item>
        <Form.Item
          name="region"
          label={t("people.region")}
          rules={[{ required: true, message: t("people.needRegion") }]}
        >
          <TreeSelect
            treeData={regionTree(regions, [])}
            showSearch
            treeNodeFilterProp="title"
            {...(regions[0] ? { treeDefaultExpandedKeys: [regions[0].code] } : {})}
          />
        </Form.Item>
        {save.isError && <Alert type="error" showIcon role="alert" title={say(save.error)} />}
      </Form>
    </Modal>
  );
}
