import { useQuery } from "@tanstack/react-query";
import { App, Button, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useProblemText } from "@/shared/api/ProblemText";
import {
  type Approval,
  approvalsQuery,
  type Recovery,
  recoveriesQuery,
  useDecide,
  useRecoveryAct,
} from "@/shared/api/people";
import { useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { LinkOnce } from "./LinkOnce";
import { usePeopleWords } from "./words";

/** What waits for a second person: nothing is shown when nothing waits. */
export function Waiting() {
  const { t } = useTranslation();
  const abilities = useAbilities();
  const approvals = useQuery({ ...approvalsQuery, enabled: abilities.includes("approvals.list") }).data ?? [];
  const recoveries = useQuery({ ...recoveriesQuery, enabled: abilities.includes("people.recover") }).data ?? [];
  const open = recoveries.filter(({ state }) => state === "ASKED" || state === "ONE" || state === "READY");
  if (approvals.length === 0 && open.length === 0) return null;
  return (
    <section className="bk-waiting" aria-label={t("people.waiting")}>
      <h2 className="bk-panel-title">{t("people.waitingCount", { count: approvals.length + open.length })}</h2>
      <ul className="bk-grants">
        {approvals.map((approval) => (
          <ApprovalRow key={approval.id} approval={approval} />
        ))}
        {open.map((recovery) => (
          <RecoveryRow key={recovery.id} recovery={recovery} />
        ))}
      </ul>
    </section>
  );
}

function useMoment() {
  const { i18n } = useTranslation();
  const zone = useZone();
  return (at: string) => formatMoment(Date.parse(at), zone, i18n.language, serverNowMs());
}

function ApprovalRow({ approval }: { approval: Approval }) {
  const { t } = useTranslation();
  const words = usePeopleWords();
  const { message } = App.useApp();
  const say = useProblemText();
  const decide = useDecide();
  const moment = useMoment();
  const [reason, setReason] = useState<string>();
  const run = (agree: boolean, why: string) =>
    decide.mutate(
      { id: approval.id, agree, reason: why },
      {
        onSuccess: () => {
          setReason(undefined);
          message.success(t(agree ? "people.agreed" : "people.refused"));
        },
        onError: (error) => message.error(say(error)),
      },
    );
  const what = approval.grant
    ? t("people.wantsRole", {
        name: approval.subject_name,
        role: words.role(approval.grant.role),
        scope: words.scope(approval.grant),
      })
    : approval.release
      ? t("people.wantsRelease", { camera: approval.release.camera_name, premises: approval.release.premises_name })
      : approval.identity
        ? t("people.wantsLink", { name: approval.subject_name, identity: approval.identity })
        : t("people.wantsOther", { name: approval.subject_name });
  return (
    <li>
      <div className="bk-name-cell">
        <strong>{what}</strong>
        <span className="bk-secondary">
          {t("people.askedBy", {
            name: approval.requester_name,
            at: moment(approval.requested_at),
            until: moment(approval.expires_at),
          })}
          {approval.release && ` ${approval.release.reason}`}
        </span>
      </div>
      {approval.can_decide ? (
        <span className="bk-act-row">
          <Button onClick={() => setReason("")}>{t("people.refuse")}</Button>
          <Button loading={decide.isPending} onClick={() => run(true, "")}>
            {t("people.agree")}
          </Button>
        </span>
      ) : (
        <span className="bk-secondary">{t("people.waitsForOther")}</span>
      )}
      <Modal
        open={reason !== undefined}
        title={t("people.refuseTitle")}
        okText={t("people.refuse")}
        cancelText={t("common.cancel")}
        okButtonProps={{ disabled: !reason?.trim(), loading: decide.isPending }}
        onOk={() => run(false, reason ?? "")}
        onCancel={() => setReason(undefined)}
      >
        <Input.TextArea
          aria-label={t("people.reason")}
          placeholder={t("people.reason")}
          maxLength={200}
          rows={3}
          value={reason ?? ""}
          onChange={(event) => setReason(event.target.value)}
        />
      </Modal>
    </li>
  );
}

function RecoveryRow({ recovery }: { recovery: Recovery }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const act = useRecoveryAct();
  const moment = useMoment();
  const made = act.data?.code ? act.data : undefined;
  const run = (what: "agree" | "refuse") =>
    act.mutate(
      { id: recovery.id, act: what },
      {
        onSuccess: ({ code }) =>
          code ?? message.success(t(what === "agree" ? "people.recoveryAgreed" : "people.refused")),
        onError: (error) => message.error(say(error)),
      },
    );
  return (
    <li>
      <div className="bk-name-cell">
        <strong>{t("people.wantsBack", { name: recovery.name, username: recovery.username })}</strong>
        <span className="bk-secondary">
          {t(`people.recovery.${recovery.state}`, {
            at: moment(recovery.asked_at),
            from: recovery.not_before_at ? moment(recovery.not_before_at) : "",
          })}
        </span>
        {made?.code && made.code_expires_at && (
          <LinkOnce
            page="reset"
            code={made.code}
            expiresAt={made.code_expires_at}
            title={t("people.resetReady", { name: recovery.name })}
            advice={t("people.resetAdvice")}
          />
        )}
      </div>
      {!made && (
        <span className="bk-act-row">
          <Button onClick={() => run("refuse")}>{t("people.refuse")}</Button>
          {recovery.can_agree && (
            <Button loading={act.isPending} onClick={() => run("agree")}>
              {t("people.agree")}
            </Button>
          )}
        </span>
      )}
    </li>
  );
}
