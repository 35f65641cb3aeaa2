import { CopyOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Form, Input, Modal, Segmented, Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import {
  type EvidenceView,
  evidenceQuery,
  fileUrl,
  useCheckEvidence,
  useEndEvidence,
  useLinkEvidence,
} from "@/shared/api/evidence";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import { useKinds } from "@/shared/premises/useKinds";
import { ExportDialog } from "./ExportDialog";
import { ExportsPanel } from "./ExportsPanel";
import { StateTag } from "./StateTag";
import { formatSize, useDriftText, useMoment } from "./words";
import "./evidence.css";

/** One item: the picture, what is known of it, its seal, what happened to it, and what may be done. */
export function EvidenceItemPage() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const found = useQuery(evidenceQuery(id));
  if (found.isError && found.data === undefined)
    return (
      <div className="bk-page">
        <ProblemPanel error={found.error} onRetry={() => void found.refetch()} />
      </div>
    );
  if (found.data === undefined)
    return (
      <div className="bk-page">
        <Skeleton active={false} paragraph={{ rows: 10 }} />
      </div>
    );
  const item = found.data;
  return (
    <div className="bk-page">
      <div className="bk-page-head">
        <Link to="/evidence">{t("evidence.title")}</Link>
        <h1 className="bk-mono">{item.number}</h1>
        <StateTag item={item} />
        <span className="bk-grow" />
        <Acts item={item} />
      </div>
      <div className="bk-evidence-view">
        <Picture item={item} />
        <div className="bk-evidence-column">
          <ExportsPanel />
          <Facts item={item} />
          <Proof item={item} />
          <History item={item} />
        </div>
      </div>
    </div>
  );
}

function Picture({ item }: { item: EvidenceView }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState("display");
  if (item.state === "DISPOSED")
    return (
      <div className="bk-panel">
        <p>{t("evidence.disposedText")}</p>
      </div>
    );
  const originals = item.files.filter(({ role }) => role === "original");
  const isMovie = item.kind === "clip" && shown === "original";
  return (
    <div className="bk-panel">
      <Segmented
        value={shown}
        onChange={setShown}
        options={["display", "original"].map((value) => ({ value, label: t(`evidence.copy.${value}.${item.kind}`) }))}
      />
      {isMovie
        ? originals.map(({ name }) => (
            <video key={name} controls preload="metadata" src={fileUrl(item.id, name)} aria-label={name} />
          ))
        : (shown === "display" ? ["display.jpg"] : originals.map(({ name }) => name)).map((name) => (
            <img key={name} src={fileUrl(item.id, name)} alt={`${item.premises_name} ${item.camera_name}`} />
          ))}
    </div>
  );
}

function Facts({ item }: { item: EvidenceView }) {
  const { t } = useTranslation();
  const moment = useMoment();
  const drift = useDriftText();
  const places = useKinds();
  const rows: [string, string][] = [
    [t("evidence.where"), [item.premises_name, places.zone(item.zone), item.camera_name].filter(Boolean).join(" · ")],
    item.kind === "clip"
      ? [t("evidence.clipRange"), t("evidence.range", { from: moment(item.from_at), to: moment(item.to_at) })]
      : [t("evidence.frameAt"), moment(item.frame_at)],
    [t("evidence.driftLabel"), item.is_drift_warned ? t("evidence.driftWarned", { drift: drift(item) }) : drift(item)],
    [t("evidence.capturedAt"), moment(item.captured_at)],
    [t("evidence.time"), t(item.is_time_assured ? "evidence.assured" : "evidence.notAssured")],
    [t("evidence.c2pa"), item.c2pa ? t(`evidence.c2pa.${item.c2pa}`) : ""],
    [t("evidence.source"), t(`evidence.source.${item.source}`)],
    [t("evidence.operator"), item.operator_name],
    [t("evidence.purpose"), t(`evidence.purpose.${item.purpose}`)],
    [t("evidence.note"), item.note],
    [t("evidence.case"), item.case_no],
    [t("evidence.hold"), t(`evidence.hold.${item.hold}`)],
  ];
  return (
    <div className="bk-panel">
      <dl className="bk-evidence-facts">
        {rows
          .filter(([, value]) => value)
          .flatMap(([name, value]) => [<dt key={`${name}-name`}>{name}</dt>, <dd key={name}>{value}</dd>])}
      </dl>
    </div>
  );
}

function Proof({ item }: { item: EvidenceView }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const check = useCheckEvidence(item.id);
  const original = item.files.find(({ role }) => role === "original");
  const findings = check.data;
  return (
    <div className="bk-panel">
      <h2 className="bk-panel-title">{t("evidence.proof")}</h2>
      {original && (
        <p className="bk-evidence-hash bk-mono">
          SHA-256 {original.sha256}{" "}
          <Button
            size="small"
            type="text"
            icon={<CopyOutlined />}
            aria-label={t("evidence.copyHash")}
            onClick={() =>
              void navigator.clipboard.writeText(original.sha256).then(() => message.success(t("evidence.copied")))
            }
          />
        </p>
      )}
      <p>
        {item.seq === null
          ? t("evidence.noPlace")
          : t("evidence.place", { seq: item.seq, size: formatSize(item.size_bytes), files: item.files.length })}
      </p>
      <Button
        loading={check.isPending}
        disabled={item.seq === null}
        onClick={() => check.mutate(undefined, { onError: (error) => void message.warning(say(error), 8) })}
      >
        {t("evidence.check")}
      </Button>
      {findings?.length === 0 && (
        <p role="status" className="bk-evidence-kept">
          {t("evidence.checkWell")}
        </p>
      )}
      {findings !== undefined && findings.length > 0 && (
        <div role="alert" className="bk-evidence-bad">
          <p>{t("evidence.checkBad")}</p>
          <ul>
            {findings.map((each) => (
              <li key={`${each.trouble} ${each.file}`}>{each.sentence}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function History({ item }: { item: EvidenceView }) {
  const { t } = useTranslation();
  const moment = useMoment();
  if (item.events.length === 0) return null;
  return (
    <div className="bk-panel">
      <h2 className="bk-panel-title">{t("evidence.history")}</h2>
      <dl className="bk-evidence-facts">
        {item.events.flatMap((each) => [
          <dt key={`${each.at} ${each.event} at`}>{moment(each.at)}</dt>,
          <dd key={`${each.at} ${each.event}`}>
            {t(`evidence.event.${each.event}`, { text: each.text })}
            {each.actor_name && <span className="bk-secondary"> {each.actor_name}</span>}
          </dd>,
        ])}
      </dl>
    </div>
  );
}

type Act = "link" | "release" | "dispose" | "export";

function Acts({ item }: { item: EvidenceView }) {
  const { t } = useTranslation();
  const [act, setAct] = useState<Act>();
  const can = (name: Act) => item.abilities.includes(`evidence.${name}`);
  const close = () => setAct(undefined);
  return (
    <>
      {can("dispose") && <Button onClick={() => setAct("dispose")}>{t("evidence.dispose")}</Button>}
      {can("release") && <Button onClick={() => setAct("release")}>{t("evidence.release")}</Button>}
      {can("link") && <Button onClick={() => setAct("link")}>{t("evidence.link")}</Button>}
      {can("export") && (
        <Button type="primary" onClick={() => setAct("export")}>
          {t("evidence.export")}
        </Button>
      )}
      {act === "export" && <ExportDialog items={[item]} onClose={close} />}
      {(act === "link" || act === "release" || act === "dispose") && <TextDialog {...{ item, act }} onClose={close} />}
    </>
  );
}

function TextDialog({
  item,
  act,
  onClose,
}: {
  item: EvidenceView;
  act: "link" | "release" | "dispose";
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const say = useProblemText();
  const [form] = Form.useForm<{ text: string }>();
  const link = useLinkEvidence(item.id);
  const release = useEndEvidence(item.id, "release");
  const dispose = useEndEvidence(item.id, "dispose");
  const sending = { link, release, dispose }[act];
  return (
    <Modal
      open
      title={t(`evidence.${act}Title`, { number: item.number })}
      okText={t(`evidence.${act}Ok`)}
      cancelText={t("common.cancel")}
      confirmLoading={sending.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <p>{t(`evidence.${act}Text`)}</p>
      <Form form={form} layout="vertical" onFinish={({ text }) => sending.mutate(text, { onSuccess: onClose })}>
        <Form.Item
          name="text"
          label={t(act === "link" ? "evidence.case" : "evidence.reason")}
          rules={[
            {
              required: true,
              whitespace: true,
              message: t(act === "link" ? "evidence.caseNeeded" : "evidence.reasonNeeded"),
            },
          ]}
        >
          <Input maxLength={act === "link" ? 60 : 200} />
        </Form.Item>
      </Form>
      {sending.isError && (
        <p role="alert" className="bk-seal-problem">
          {say(sending.error)}
        </p>
      )}
    </Modal>
  );
}
