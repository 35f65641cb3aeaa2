import { DesktopOutlined, MobileOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { type OwnSession, ownSessionsQuery, useEndOtherSessions, useEndSession } from "@/shared/api/account";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import { useZone } from "@/shared/api/system";
import { formatClock, formatIsoDate } from "@/shared/time/format";

/** Where this person is logged in; each can be ended, or all others at once. */
export function OwnSessions() {
  const { t } = useTranslation();
  const say = useProblemText();
  const { message } = App.useApp();
  const sessions = useQuery(ownSessionsQuery);
  const end = useEndSession();
  const endOthers = useEndOtherSessions();
  if (sessions.isError && sessions.data === undefined)
    return <ProblemPanel error={sessions.error} onRetry={() => void sessions.refetch()} />;
  if (!sessions.data) return <Skeleton active paragraph={{ rows: 2 }} />;
  const error = end.error ?? endOthers.error;
  const others = sessions.data.filter((session) => !session.is_current).length;
  return (
    <div className="bk-stack-16">
      <p className="bk-secondary">{t("account.session.what")}</p>
      {error && <Alert type="warning" showIcon role="alert" title={say(error)} />}
      <ul className="bk-rows">
        {sessions.data.map((session) => (
          <SessionRow
            key={session.id}
            session={session}
            isEnding={end.isPending && end.variables === session.id}
            onEnd={() => end.mutate(session.id)}
          />
        ))}
      </ul>
      {others > 0 && (
        <div>
          <Button
            loading={endOthers.isPending}
            onClick={() =>
              endOthers.mutate(undefined, {
                onSuccess: (count) => void message.success(t("account.session.endedOthers", { count })),
              })
            }
          >
            {t("account.session.endOthers", { count: others })}
          </Button>
        </div>
      )}
    </div>
  );
}

interface RowProps {
  session: OwnSession;
  isEnding: boolean;
  onEnd: () => void;
}

function SessionRow({ session, isEnding, onEnd }: RowProps) {
  const { t } = useTranslation();
  const zone = useZone();
  const at = (text: string) => {
    const ms = Date.parse(text);
    return `${formatIsoDate(ms, zone)} ${formatClock(ms, zone, false)}`;
  };
  const device = session.device || t("account.session.unknownDevice");
  const network = t(`account.network.${session.network_class}`);
  return (
    <li className="bk-row">
      <span aria-hidden className="bk-row-icon">
        {/Android|iPhone|iPad|Harmony/.test(session.device) ? <MobileOutlined /> : <DesktopOutlined />}
      </span>
      <span className="bk-row-text">
        <span>
          {device} {session.is_current && <span className="bk-here">{t("account.session.here")}</span>}
        </span>
        <span className="bk-secondary">
          {t("account.session.line", {
            network,
            address: session.network,
            since: at(session.created_at),
            last: at(session.last_input_at),
          })}
        </span>
      </span>
      {!session.is_current && (
        <Button loading={isEnding} onClick={onEnd} aria-label={`${t("account.session.end")} ${device}`}>
          {t("account.session.end")}
        </Button>
      )}
    </li>
  );
}
