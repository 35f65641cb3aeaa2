import { useTranslation } from "react-i18next";
import type { Session } from "@/shared/api/session";

type Grant = Session["user"]["grants"][number];

/** Each role in words, with how far it reaches. */
export function RoleList({ grants }: { grants: readonly Grant[] }) {
  const { t } = useTranslation();
  if (grants.length === 0) return <>{t("account.noRoles")}</>;
  return (
    <ul className="bk-roles">
      {grants.map((grant) => (
        <li key={`${grant.role} ${grant.region} ${grant.premises_id ?? ""} ${grant.categories.join()}`}>
          <strong>{t(`role.${grant.role}`)}</strong>
          <span className="bk-secondary">
            <Reach grant={grant} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Reach({ grant }: { grant: Grant }) {
  const { t } = useTranslation();
  const where = grant.premises_id
    ? grant.premises_name || grant.premises_id
    : grant.region
      ? grant.region_name || grant.region
      : t("account.reach.everywhere");
  if (grant.premises_id) return <>{where}</>;
  const what =
    grant.categories.length > 0
      ? t("account.reach.categories", { count: grant.categories.length })
      : t("account.reach.allCategories");
  return <>{t("account.reach.line", { where, what })}</>;
}
