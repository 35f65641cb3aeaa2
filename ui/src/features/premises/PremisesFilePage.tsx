import { DownOutlined, EditOutlined, EyeOutlined, HistoryOutlined, PlaySquareOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Dropdown, Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import {
  type PremisesFile,
  type PremisesShown,
  premisesCamerasQuery,
  premisesQuery,
  useRetirePremises,
} from "@/shared/api/premises";
import { GradeMark } from "@/shared/premises/Grade";
import { PremisesStateTag } from "@/shared/premises/PremisesStateTag";
import { useKinds } from "@/shared/premises/useKinds";
import { ChannelList } from "./ChannelList";
import { LicenceUntil } from "./cells";
import { Facts } from "./Facts";
import { PastPanels } from "./PastPanels";
import { PeoplePanel } from "./PeoplePanel";
import { PremisesDrawer } from "./PremisesDrawer";
import { SuspensionPanel } from "./SuspensionPanel";
import { WatchersPanel } from "./WatchersPanel";
import { ZoneStrip } from "./ZoneStrip";

/** One premises: what it is, who answers for it, what it shows. */
export function PremisesFilePage() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const premises = useQuery(premisesQuery(id));
  return (
    <div className="bk-page">
      <p className="bk-crumb">
        <Link to="/premises">{t("premises.title")}</Link>
      </p>
      {premises.isError && premises.data === undefined ? (
        <ProblemPanel error={premises.error} onRetry={() => void premises.refetch()} />
      ) : premises.data ? (
        <Shown premises={premises.data} />
      ) : (
        <Skeleton active={false} paragraph={{ rows: 10 }} />
      )}
    </div>
  );
}

function Shown({ premises }: { premises: PremisesShown }) {
  const { t } = useTranslation();
  if (premises.view === "card")
    return (
      <>
        <Head premises={premises} />
        <section className="bk-section" aria-label={t("premises.facts")}>
          <Facts premises={premises} />
        </section>
      </>
    );
  return (
    <>
      <Head premises={premises} />
      <ZoneStrip premises={premises} />
      <div className="bk-file">
        <div className="bk-file-main">
          <section className="bk-section">
            <h2>{t("premises.channelsOf", { count: premises.cameras })}</h2>
            <ChannelList premises={premises} />
          </section>
          {premises.abilities.includes("premises.watchers") && <WatchersPanel premises={premises} />}
        </div>
        <div className="bk-file-side">
          <section className="bk-section">
            <h2>{t("premises.facts")}</h2>
            <Facts premises={premises} />
          </section>
          <PeoplePanel premises={premises} />
          <SuspensionPanel premises={premises} />
          <PastPanels premises={premises} />
        </div>
      </div>
    </>
  );
}

function Head({ premises }: { premises: PremisesShown }) {
  const { t } = useTranslation();
  const { category } = useKinds();
  const [isEditing, setEditing] = useState(false);
  const may = (action: string) => premises.abilities.includes(action);
  const canEdit = may("premises.change") || may("premises.grade") || may("premises.hours");
  return (
    <div className="bk-file-head">
      <div className="bk-file-name">
        <h1>{premises.name}</h1>
        <p className="bk-file-line">
          <span>{category(premises.category)}</span>
          <span>{premises.region_name}</span>
          <span>
            {t("premises.grade")} <GradeMark grade={premises.risk_grade} />
          </span>
          <span>
            {t("premises.licence")} <LicenceUntil date={premises.licence_expires_on} />
          </span>
          {premises.view === "file" && <PremisesStateTag state={premises.state} />}
          {premises.is_suspended && <span className="bk-flow bk-flow-over">{t("premises.closedNow")}</span>}
        </p>
      </div>
      <div className="bk-file-tools">
        {premises.view === "file" && <LiveLinks premises={premises} />}
        {premises.view === "file" && may("premises.watchers") && (
          <Button
            icon={<EyeOutlined aria-hidden />}
            onClick={() => document.getElementById("watched")?.scrollIntoView()}
          >
            {t("watch.open")}
          </Button>
        )}
        {canEdit && premises.view === "file" && (
          <Button icon={<EditOutlined aria-hidden />} onClick={() => setEditing(true)}>
            {t("common.edit")}
          </Button>
        )}
        {may("premises.retire") && premises.view === "file" && <MoreMenu premises={premises} />}
      </div>
      {isEditing && premises.view === "file" && (
        <PremisesDrawer premises={premises} onClose={() => setEditing(false)} onSaved={() => setEditing(false)} />
      )}
    </div>
  );
}

const wallTiles = 9;

function LiveLinks({ premises }: { premises: PremisesFile }) {
  const { t } = useTranslation();
  const cameras = useQuery(premisesCamerasQuery(premises.id)).data ?? [];
  const shown = cameras.filter(({ abilities }) => abilities.includes("camera.live")).slice(0, wallTiles);
  const played = cameras.find(({ abilities }) => abilities.includes("camera.play"));
  const wall = shown.length > 4 ? 9 : shown.length > 1 ? 4 : 1;
  return (
    <>
      {shown.length > 0 && (
        <Link to={`/live?wall=${wall}&c=${shown.map(({ id }) => id).join(",")}`}>
          <Button type="primary" icon={<PlaySquareOutlined aria-hidden />} tabIndex={-1}>
            {t("nav.live")}
          </Button>
        </Link>
      )}
      {played && (
        <Link to={`/play?c=${played.id}`}>
          <Button icon={<HistoryOutlined aria-hidden />} tabIndex={-1}>
            {t("nav.play")}
          </Button>
        </Link>
      )}
    </>
  );
}

function MoreMenu({ premises }: { premises: PremisesFile }) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const navigate = useNavigate();
  const say = useProblemText();
  const retire = useRetirePremises(premises.id);
  const ask = () =>
    modal.confirm({
      title: t("premises.retireTitle", { name: premises.name }),
      content: t("premises.retireText"),
      okText: t("premises.retire"),
      cancelText: t("common.cancel"),
      okButtonProps: { danger: true },
      autoFocusButton: "cancel",
      onOk: async () => {
        try {
          await retire.mutateAsync(premises.etag);
          message.success(t("premises.retired", { name: premises.name }));
          void navigate("/premises");
        } catch (error) {
          message.warning(say(error), 8);
        }
      },
    });
  return (
    <Dropdown menu={{ items: [{ key: "retire", label: t("premises.retire"), onClick: ask }] }} trigger={["click"]}>
      <Button icon={<DownOutlined aria-hidden />} iconPlacement="end">
        {t("common.more")}
      </Button>
    </Dropdown>
  );
}
