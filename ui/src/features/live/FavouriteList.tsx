import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { favouritesQuery } from "@/shared/api/favourites";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { BranchRow } from "./CameraTree";
import { PickerEntry } from "./PickerEntry";
import type { PickerProps } from "./picking";

/** What this person keeps at hand: premises, which hang all their cameras at once, and single cameras. */
export function FavouriteList(props: PickerProps) {
  const { t } = useTranslation();
  const query = useQuery(favouritesQuery);
  const kept = query.data;
  const cameras = kept?.cameras.filter(({ abilities }) => abilities.includes("camera.live")) ?? [];
  return (
    <div className="bk-picker-list bk-favourites" aria-busy={query.isPending}>
      {query.isError && !kept && <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />}
      {kept && cameras.length + kept.premises.length === 0 && <p className="bk-muted">{t("live.noFavourites")}</p>}
      {kept && kept.premises.length > 0 && (
        <section>
          <h2>{t("live.treeBy.premises")}</h2>
          {kept.premises.map((branch) => (
            <BranchRow key={branch.id} branch={branch} {...props} />
          ))}
        </section>
      )}
      {cameras.length > 0 && (
        <section>
          <h2>{t("live.cameras")}</h2>
          {cameras.map((camera) => (
            <PickerEntry key={camera.id} camera={camera} isWithPremises {...props} />
          ))}
        </section>
      )}
      {kept && kept.left_out > 0 && <p className="bk-muted">{t("live.favouritesLeftOut", { count: kept.left_out })}</p>}
    </div>
  );
}
