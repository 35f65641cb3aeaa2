import { App, Button, Dropdown, Input } from "antd";
import { useTranslation } from "react-i18next";
import { type Device, type DeviceEvent, useMoveDevice } from "@/shared/api/maintenance";
import { useProblemText } from "@/shared/api/ProblemText";

/** What may be done to a device now; assigning happens with a work order. */
const byOrder: ReadonlySet<DeviceEvent> = new Set(["assign"]);

export function DeviceMoves({ device }: { device: Device }) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const say = useProblemText();
  const move = useMoveDevice(device.id);
  const events = device.abilities.includes("device.move") ? device.events.filter((event) => !byOrder.has(event)) : [];
  if (events.length === 0) return <span className="bk-muted">—</span>;
  const ask = (event: DeviceEvent) => {
    let why = "";
    modal.confirm({
      title: t("device.confirm", { event: t(`device.event.${event}`), sn: device.sn }),
      icon: null,
      okText: t(`device.event.${event}`),
      cancelText: t("common.cancel"),
      content: (
        <Input
          aria-label={t("device.reason")}
          placeholder={t("device.reason")}
          maxLength={200}
          onChange={({ target }) => {
            why = target.value;
          }}
        />
      ),
      onOk: async () => {
        try {
          await move.mutateAsync({ event, body: { reason: why } });
          message.success(t("device.moved", { event: t(`device.event.${event}`), sn: device.sn }));
        } catch (error) {
          message.warning(say(error));
        }
      },
    });
  };
  const items = events.map((event) => ({ key: event, label: t(`device.event.${event}`), onClick: () => ask(event) }));
  return (
    <Dropdown trigger={["click"]} menu={{ items }}>
      <Button size="small" aria-label={t("device.movesOf", { sn: device.sn })}>
        {t("device.moves")}
      </Button>
    </Dropdown>
  );
}
