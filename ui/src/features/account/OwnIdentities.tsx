import { IdcardOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import { type Identity, ownIdentitiesQuery, useBeginLink, useUnlinkOwn } from "@/shared/api/signOn";
import { systemQuery, useZone } from "@/shared/api/system";
import { formatIsoDate } from "@/shared/time/format";

/** Which accounts of the city's single sign-on log in as this person. */
export function OwnIdentities() {
  const { t } = useTranslation();
  const say = useProblemText();
  const { modal } = App.useApp();
  const found = useQuery(ownIdentitiesQuery).data;
  const label = useQuery(systemQuery).data?.single_sign_on?.label;
  const link = useBeginLink();
  const unlink = useUnlinkOwn();
  if (!found) return null;
  const askToUnlink = (identity: Identity) =>
    modal.confirm({
      title: t("account.signOn.unlinkTitle", { name: identity.label }),
      content: t("account.signOn.unlinkWhat"),
      okText: t("account.signOn.unlink"),
      cancelText: t("common.cancel"),
      onOk: () => unlink.mutateAsync(identity.id).catch(() => undefined),
    });
  const error = link.error ?? unlink.error;
  return (
    <div className="bk-stack-16">
      {error && <Alert type="warning" showIcon role="alert" title={say(error)} />}
      {found.items.length > 0 ? (
        <ul className="bk-rows">
          {found.items.map((identity) => (
            <IdentityRow key={identity.id} identity={identity} onUnlink={() => askToUnlink(identity)} />
          ))}
        </ul>
      ) : (
        <p>{t("account.signOn.none")}</p>
      )}
      {found.is_offered && (
        <div className="bk-buttons">
          <Button
            icon={<IdcardOutlined aria-hidden />}
            loading={link.isPending || link.isSuccess}
            onClick={() => link.mutate(undefined)}
          >
            {t("account.signOn.link", { name: label || t("login.signOn.name") })}
          </Button>
        </div>
      )}
    </div>
  );
}

function IdentityRow({ identity, onUnlink }: { identity: Identity; onUnlink: () => void }) {
  const { t } = useTranslation();
  const zone = useZone();
  const day = (at: string) => formatIsoDate(Date.parse(at), zone);
  return (
    <li className="bk-row">
      <span aria-hidden className="bk-row-icon">
        <IdcardOutlined />
      </span>
      <span className="bk-row-text">
        <span>{identity.label}</span>
        <span className="bk-secondary">
          {identity.last_used_at
            ? t("account.signOn.used", { linked: day(identity.linked_at), used: day(identity.last_used_at) })
            : t("account.signOn.unused", { linked: day(identity.linked_at) })}
        </span>
      </span>
      <Button onClick={onUnlink} aria-label={`${t("account.signOn.unlink")} ${identity.label}`}>
        {t("account.signOn.unlink")}
      </Button>
    </li>
  );
}
