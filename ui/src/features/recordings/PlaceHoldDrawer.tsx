import { Alert, App, Button, Drawer, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import { usePlaceHold } from "@/shared/api/recording";
import { serverNowMs } from "@/shared/time/serverClock";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { isRangeFit } from "./asked";
import { CameraPick } from "./CameraPick";
import { MomentInput } from "./MomentInput";

interface Fields {
  camera?: string;
  from?: number;
  to?: number;
  note: string;
}

/** Holds a stretch of one camera; it is in force once the node has it on its disk. */
export function PlaceHoldDrawer({ camera, onClose }: { camera: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const [form] = Form.useForm<Fields>();
  const isPhone = useMedia(isPhoneQuery);
  const place = usePlaceHold();
  const submit = ({ camera: chosen = "", from = Number.NaN, to = Number.NaN, note }: Fields) =>
    place.mutate(
      {
        camera_id: chosen,
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        note: note.trim(),
      },
      {
        onSuccess: () => {
          message.success(t("recording.holds.placed"));
          onClose();
        },
      },
    );
  const checkRange = async () => {
    const { from, to } = form.getFieldsValue();
    if (from === undefined || to === undefined) return;
    if (!isRangeFit(from, to) || from > serverNowMs()) throw new Error(t("recording.holds.badRange"));
  };
  return (
    <Drawer
      open
      size={isPhone ? "100%" : 480}
      title={t("recording.holds.place")}
      onClose={onClose}
      mask={{ closable: false }}
      footer={
        <div className="bk-drawer-foot">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="primary" loading={place.isPending} onClick={() => form.submit()}>
            {t("recording.holds.placeNow")}
          </Button>
        </div>
      }
    >
      <p className="bk-lead">{t("recording.holds.placeText")}</p>
      <Form<Fields>
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={submit}
        {...(camera ? { initialValues: { camera } } : {})}
      >
        <Form.Item
          name="camera"
          label={t("recording.camera")}
          rules={[{ required: true, message: t("recording.holds.pickCamera") }]}
        >
          <CameraPick />
        </Form.Item>
        <div className="bk-two">
          <Form.Item
            name="from"
            label={t("recording.from")}
            rules={[{ required: true, message: t("recording.holds.needFrom") }]}
          >
            <MomentInput />
          </Form.Item>
          <Form.Item
            name="to"
            label={t("recording.to")}
            dependencies={["from"]}
            rules={[{ required: true, message: t("recording.holds.needTo") }, { validator: checkRange }]}
          >
            <MomentInput />
          </Form.Item>
        </div>
        <Form.Item
          name="note"
          label={t("recording.holds.note")}
          rules={[{ required: true, whitespace: true, max: 200, message: t("recording.holds.needNote") }]}
        >
          <Input.TextArea rows={3} maxLength={200} placeholder={t("recording.holds.noteHint")} />
        </Form.Item>
        {place.isError && <Alert type="error" showIcon role="alert" title={say(place.error)} />}
      </Form>
    </Drawer>
  );
}
