import { ApiOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Modal, Skeleton } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import type { Session } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { type ApiToken, tokensQuery, useRevokeToken } from "@/shared/api/tokens";
import { formatIsoDate } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { TokenForm } from "./TokenForm";

type Grants = Session["user"]["grants"];

/** Tokens by which other programs speak for this person: making, showing once, revoking. */
export function ApiTokens({ grants }: { grants: Grants }) {
  const { t } = useTranslation();
  const say = useProblemText();
  const tokens = useQuery(tokensQuery);
  const revoke = useRevokeToken();
  const [isMaking, setMaking] = useState(false);
  const [secret, setSecret] = useState("");
  if (tokens.isError && tokens.data === undefined)
    return <ProblemPanel error={tokens.error} onRetry={() => void tokens.refetch()} />;
  if (!tokens.data) return <Skeleton active paragraph={{ rows: 2 }} />;
  return (
    <div className="bk-stack-16">
      <p className="bk-secondary">{t("token.what")}</p>
      {revoke.isError && <Alert type="warning" showIcon role="alert" title={say(revoke.error)} />}
      {tokens.data.length === 0 ? (
        <p>{t("token.none")}</p>
      ) : (
        <ul className="bk-rows">
          {tokens.data.map((token) => (
            <TokenRow key={token.id} token={token} grants={grants} onRevoke={() => revoke.mutateAsync(token.id)} />
          ))}
        </ul>
      )}
      <div>
        <Button icon={<PlusOutlined aria-hidden />} onClick={() => setMaking(true)}>
          {t("token.make")}
        </Button>
      </div>
      {isMaking && (
        <TokenForm
          grants={grants}
          onClose={() => setMaking(false)}
          onMade={(bearer) => {
            setMaking(false);
            setSecret(bearer);
          }}
        />
      )}
      {secret && <SecretOnce secret={secret} onClose={() => setSecret("")} />}
    </div>
  );
}

interface RowProps {
  token: ApiToken;
  grants: Grants;
  onRevoke: () => Promise<void>;
}

function TokenRow({ token, grants, onRevoke }: RowProps) {
  const { t, i18n } = useTranslation();
  const { modal } = App.useApp();
  const zone = useZone();
  const day = (at: string) => formatIsoDate(Date.parse(at), zone);
  const comma = i18n.language.startsWith("zh") ? "、" : ", ";
  const placeOf = (region: string, premises: string | null) =>
    grants.find((each) => each.region === region && each.premises_id === premises);
  const roles = token.grants.map(({ role, region, premises }) => {
    const place = placeOf(region, premises);
    const where = place?.premises_name || place?.region_name || premises || region;
    return where ? t("token.roleAt", { role: t(`role.${role}`), where }) : t(`role.${role}`);
  });
  const isOver = Date.parse(token.expires_at) <= serverNowMs();
  const ask = () =>
    modal.confirm({
      title: t("token.revokeTitle", { name: token.name }),
      content: t("token.revokeText"),
      okText: t("token.revoke"),
      okButtonProps: { danger: true },
      cancelText: t("common.cancel"),
      autoFocusButton: "cancel",
      onOk: () => onRevoke().catch(() => undefined),
    });
  return (
    <li className="bk-row">
      <span aria-hidden className="bk-row-icon">
        <ApiOutlined />
      </span>
      <span className="bk-row-text">
        <span>{token.kind === "kiosk" ? t("kiosk.row", { name: token.name }) : token.name}</span>
        <span className="bk-secondary">{roles.join(comma)}</span>
        <span className={isOver ? "bk-warning-text" : "bk-secondary"}>
          {t(isOver ? "token.over" : "token.until", { day: day(token.expires_at) })}{" "}
          {token.last_used_at
            ? t("token.used", { day: day(token.last_used_at), from: token.last_used_from })
            : t("token.unused")}
        </span>
        <span className="bk-secondary">
          {token.networks.length > 0
            ? t("token.from", { networks: token.networks.join(comma) })
            : t("token.fromAnywhere")}
        </span>
      </span>
      <Button onClick={ask} aria-label={t("token.revokeThis", { name: token.name })}>
        {t("token.revoke")}
      </Button>
    </li>
  );
}

function SecretOnce({ secret, onClose }: { secret: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      message.success(t("token.copied"));
    } catch {
      message.warning(t("token.notCopied"));
    }
  };
  return (
    <Modal
      open
      title={t("token.made")}
      closable={false}
      mask={{ closable: false }}
      keyboard={false}
      footer={
        <div className="bk-drawer-foot">
          <Button onClick={() => void copy()}>{t("token.copy")}</Button>
          <Button type="primary" onClick={onClose}>
            {t("token.kept")}
          </Button>
        </div>
      }
    >
      <div className="bk-stack-16">
        <p>{t("token.once")}</p>
        <p className="bk-mono bk-key">{secret}</p>
        <p className="bk-secondary">
          {t("token.how")} <span className="bk-mono">Authorization: Bearer …</span>
        </p>
      </div>
    </Modal>
  );
}
