import { useQuery } from "@tanstack/react-query";
import { Divider } from "antd";
import { useTranslation } from "react-i18next";
import { PasskeySetup } from "@/shared/account/PasskeySetup";
import { StepUpDoor } from "@/shared/account/StepUpDoor";
import { TotpSetup } from "@/shared/account/TotpSetup";
import { accountQuery, type Enrolled } from "@/shared/api/account";
import { hasPasskeys } from "@/shared/api/passkey";
import { LeaveButton } from "./LeaveButton";

/** The first second factor: an app on the phone, or a passkey of this device. */
export function FirstFactor({ onEnrolled }: { onEnrolled: (enrolled: Enrolled) => void }) {
  const { t } = useTranslation();
  const account = useQuery(accountQuery).data;
  const offersPasskey = account?.passkeys_possible && hasPasskeys();
  return (
    <div className="bk-stack-16">
      <StepUpDoor />
      <p>{t("login.first.factorWhy")}</p>
      {offersPasskey && (
        <>
          <PasskeySetup onEnrolled={onEnrolled} />
          <Divider plain>{t("login.first.or")}</Divider>
        </>
      )}
      <TotpSetup onEnrolled={onEnrolled} />
      <LeaveButton />
    </div>
  );
}
