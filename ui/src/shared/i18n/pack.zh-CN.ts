import zhCN from "antd/locale/zh_CN";
import "dayjs/locale/zh-cn";
import { join, type LanguagePack, type Texts } from "./pack";

const files = import.meta.glob<Texts>(["./zh-CN.json", "./*.zh-CN.json"], { eager: true, import: "default" });

export const pack: LanguagePack = { texts: join(files), antd: zhCN, dayjs: "zh-cn" };
