import { CheckOutlined, HourglassOutlined, MinusCircleOutlined, RollbackOutlined } from "@ant-design/icons";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { PremisesState } from "@/shared/api/premises";

type Look = "todo" | "going" | "waiting" | "done" | "back" | "over";

const looks: Record<PremisesState, Look> = {
  LEAD: "todo",
  SIGNED: "going",
  SURVEYED: "going",
  ORDERED: "going",
  INSTALLING: "going",
  INSTALLED: "going",
  TRIAL: "waiting",
  ACCEPTED: "done",
  IN_SERVICE: "done",
  REFUSED: "over",
  REWORK: "back",
  SUSPENDED: "over",
  RELOCATED: "over",
  TERMINATED: "over",
};

const marks: Record<Look, ReactNode> = {
  todo: null,
  going: null,
  waiting: <HourglassOutlined />,
  done: <CheckOutlined />,
  back: <RollbackOutlined />,
  over: <MinusCircleOutlined />,
};

/** Where a premises stands on its way in: family by look, exact state by word. */
export function PremisesStateTag({ state }: { state: PremisesState }) {
  const { t } = useTranslation();
  const look = looks[state];
  return (
    <span className={`bk-flow bk-flow-${look}`}>
      {marks[look] && <span aria-hidden>{marks[look]}</span>}
      {t(`premises.state.${state}`)}
    </span>
  );
}
