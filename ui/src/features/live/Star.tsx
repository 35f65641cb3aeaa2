import { StarFilled, StarOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App } from "antd";
import { useTranslation } from "react-i18next";
import { favouritesQuery, useKeepFavourite } from "@/shared/api/favourites";
import { useProblemText } from "@/shared/api/ProblemText";
import { useAbilities } from "@/shared/api/session";

interface Props {
  /** Of a camera or a premises. */
  id: string;
  name: string;
}

/** Keeps something at hand, or no longer. */
export function Star({ id, name }: Props) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const mayKeep = useAbilities().includes("wall.manage");
  const kept = useQuery({ ...favouritesQuery, enabled: mayKeep }).data;
  const keep = useKeepFavourite();
  if (!mayKeep || !kept) return null;
  const isKept = [...kept.cameras, ...kept.premises].some((each) => each.id === id);
  const isShown = keep.isPending ? keep.variables.isKept : isKept;
  return (
    <button
      type="button"
      className={`bk-star ${isShown ? "bk-star-kept" : ""}`}
      aria-label={`${t("live.favourite")} ${name}`}
      aria-pressed={isShown}
      title={t(isShown ? "live.favouriteEnd" : "live.favourite")}
      onPointerDown={(event) => event.stopPropagation()}
      onKeyDown={(event) => event.stopPropagation()}
      onClick={(event) => {
        event.stopPropagation();
        keep.mutate({ id, isKept: !isShown }, { onError: (error) => message.error(say(error)) });
      }}
    >
      {isShown ? <StarFilled aria-hidden /> : <StarOutlined aria-hidden />}
    </button>
  );
}
