import { App, Button, Form, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type CaptureWish, type Evidence, type Purpose, useCapture } from "@/shared/api/evidence";
import { useProblemText } from "@/shared/api/ProblemText";
import { useZone } from "@/shared/api/system";
import { formatMomentTenths } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { PurposeFields } from "./PurposeFields";
import type { SealWish } from "./sealing";
import "./evidence.css";

interface Given {
  purpose: Purpose;
  note?: string;
}

/** Asks what for, lets the server take the frame or clip, and says its number. */
export function SealDialog({ wish, onClose }: { wish: SealWish; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const say = useProblemText();
  const [form] = Form.useForm<Given>();
  const capture = useCapture();
  const send = async (given: Given) => {
    try {
      const item = await capture.mutateAsync(bodyOf(wish, given));
      onClose();
      message.success(<Sealed item={item} onShow={() => void navigate(`/evidence/${item.number}`)} />, 8);
    } catch {
      // Said in the dialog; what was typed stays.
    }
  };
  return (
    <Modal
      open
      title={t(wish.clip ? "evidence.sealClip" : "evidence.sealSnapshot")}
      okText={t(capture.isPending ? "evidence.sealing" : "evidence.seal")}
      cancelText={t("common.cancel")}
      confirmLoading={capture.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <What wish={wish} />
      <Form<Given>
        form={form}
        layout="vertical"
        initialValues={{ purpose: "PATROL" }}
        onFinish={(given) => void send(given)}
        preserve={false}
      >
        <PurposeFields />
      </Form>
      {capture.isError && (
        <p role="alert" className="bk-seal-problem">
          {say(capture.error)}
        </p>
      )}
      <p className="bk-secondary bk-small">{t("evidence.sealHint")}</p>
    </Modal>
  );
}

function What({ wish }: { wish: SealWish }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const moment = (ms: number) => formatMomentTenths(ms, zone, i18n.language, serverNowMs());
  const when = wish.clip
    ? t("evidence.range", { from: moment(wish.clip.fromMs), to: moment(wish.clip.toMs) })
    : wish.atMs === undefined
      ? t("evidence.now")
      : moment(wish.atMs);
  return (
    <p className="bk-seal-what">
      <strong>{[wish.camera.premises_name, wish.camera.name].filter(Boolean).join(" · ")}</strong>
      <span>{when}</span>
    </p>
  );
}

/** Messages hang outside the router, so that a link of its would have nowhere to go. */
function Sealed({ item, onShow }: { item: Evidence; onShow: () => void }) {
  const { t } = useTranslation();
  return (
    <span>
      {t(item.state === "CAPTURED" ? "evidence.waitsForSeal" : "evidence.sealed", { number: item.number })}{" "}
      <Button type="link" size="small" onClick={onShow}>
        {t("evidence.show")}
      </Button>
    </span>
  );
}

function bodyOf(wish: SealWish, given: Given): CaptureWish {
  const iso = (ms: number) => new Date(ms).toISOString();
  const common = { camera: wish.camera.id, profile: "main" as const, purpose: given.purpose, note: given.note ?? "" };
  if (wish.clip) return { ...common, kind: "clip", from: iso(wish.clip.fromMs), to: iso(wish.clip.toMs) };
  return { ...common, kind: "snapshot", ...(wish.atMs === undefined ? {} : { at: iso(wish.atMs) }) };
}
