import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { PlaybackErrorCode } from "@/players/playback/state";

/** Over a recorded picture that the node made anew for this browser. */
export function TranscodedNote() {
  const { t } = useTranslation();
  return (
    <p className="bk-transcoded-note" title={t("live.transcodedHint")}>
      {t("live.transcoded")}
    </p>
  );
}

/** Why a recording does not play, and what to do. */
export function errorSentence(t: TFunction, { code, codec }: { code: PlaybackErrorCode; codec: string }): string {
  switch (code) {
    case "codec_unsupported":
      return t(codec ? "play.codec" : "play.codecUnknown", { codec });
    case "refused":
      return t("error.access");
    case "transcode_full":
      return t("play.transcodeFull");
    case "transcode_failed":
      return t("play.transcodeFailed");
    case "transcode_off":
      return t("live.transcodeOff");
    default:
      return t("play.failed");
  }
}
