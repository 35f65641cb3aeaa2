import enUS from "antd/locale/en_US";
import { join, type LanguagePack, type Texts } from "./pack";

const files = import.meta.glob<Texts>(["./en.json", "./*.en.json"], { eager: true, import: "default" });

export const pack: LanguagePack = { texts: join(files), antd: enUS, dayjs: "en" };
