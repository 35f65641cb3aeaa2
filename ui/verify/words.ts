// Every word of the page, in both house languages.
import type { Trouble } from "./verify";

export const LANGUAGES = ["zh-CN", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

const zh = {
  title: "证据校验",
  lead: "把导出的 zip 拖到这里，或选择文件。全部在本机浏览器中完成，不联网，不上传。",
  chooseZip: "选择 zip 文件",
  chooseFolder: "选择解压后的文件夹",
  working: "正在核对，已完成 {done} / {total} MB",
  unreadable: "这个文件打不开：不是导出的 zip，或文件结构已损坏。",
  intactTitle: "内容完整，签名者未知",
  intactText:
    "共 {files} 个文件、{items} 件证据，均与固定时一致。页面不能为自己的密钥作证：请把下面的指纹与签发单位公布的逐位核对。",
  vouchedTitle: "内容完整，指纹与您填写的一致",
  vouchedText: "共 {files} 个文件、{items} 件证据，均与固定时一致，签名密钥是您填写的那一把。",
  brokenTitle: "校验未通过",
  brokenText: "发现 {count} 处问题：",
  unjudgedTitle: "文件一致，签名无法在本页判断",
  unjudgedText: "签名使用国密 SM2 算法，请用命令行 brightkitchen evidence verify 核对。",
  fingerprint: "密钥指纹（SHA-256）",
  published: "签发单位公布的指纹",
  publishedHint: "粘贴 64 位十六进制指纹后自动比对",
  differs: "与包内的密钥都不一致。",
  exported: "导出",
  by: "导出人",
  purpose: "用途",
  caseNo: "案件编号",
  recipient: "接收方",
  place: "地点",
  frameAt: "画面时间",
  range: "片段范围",
  capturedAt: "服务器时间",
  sealedAt: "固定时间",
  operator: "固定人",
  drift: "摄像头时钟差",
  clock: "时间保证",
  assured: "服务器与节点时钟均已同步",
  notAssured: "时间未作保证",
  unknown: "未知",
  source: "来源",
  recording: "录像",
  live: "实时画面（未录像）",
  note: "备注",
  chain: "链上位置",
  display: "展示件（有标注）",
  original: "原件（无标注）",
  language: "English",
};

type Words = Record<keyof typeof zh, string>;

const en: Words = {
  title: "Verify evidence",
  lead: "Drop the exported zip here, or choose files. Everything happens in this browser: nothing is sent anywhere.",
  chooseZip: "Choose the zip",
  chooseFolder: "Choose the unpacked folder",
  working: "Checking: {done} of {total} MB",
  unreadable: "This file cannot be read: it is no export, or its structure is damaged.",
  intactTitle: "Intact, signer unknown",
  intactText:
    "{files} files and {items} items are as they were sealed. A page cannot vouch for its own key: compare the fingerprint below with the one the issuing authority publishes.",
  vouchedTitle: "Intact, and the fingerprint is the one you gave",
  vouchedText: "{files} files and {items} items are as they were sealed, by the key that you named.",
  brokenTitle: "Verification failed",
  brokenText: "{count} problems were found:",
  unjudgedTitle: "Files agree; this page cannot judge the signature",
  unjudgedText: "It was made with SM2. Use the command line: brightkitchen evidence verify.",
  fingerprint: "Fingerprint of the key (SHA-256)",
  published: "Fingerprint published by the issuing authority",
  publishedHint: "Paste 64 hex digits to compare",
  differs: "It is none of the keys in this package.",
  exported: "Exported",
  by: "By",
  purpose: "Purpose",
  caseNo: "Case number",
  recipient: "Recipient",
  place: "Place",
  frameAt: "Time of the frame",
  range: "Range of the clip",
  capturedAt: "Server time",
  sealedAt: "Sealed at",
  operator: "Sealed by",
  drift: "Camera clock drift",
  clock: "Time assurance",
  assured: "server and node clocks were synchronised",
  notAssured: "time not assured",
  unknown: "unknown",
  source: "Source",
  recording: "recording",
  live: "live picture (not recorded)",
  note: "Note",
  chain: "Place in the chain",
  display: "Display copy (marked)",
  original: "Original (unmarked)",
  language: "中文",
};

const troublesZh: Record<Trouble, string> = {
  file_missing: "缺少文件 {file}",
  file_changed: "{file} 与固定时不一致，固定后被改动过",
  file_extra: "多出文件 {file}，不在清单中",
  list_broken: "清单 {file} 已损坏或被改动",
  list_signature: "清单 {file} 与其签名不符，被改动过",
  keys_broken: "密钥历史 {file} 不完整或被改动",
  manifest_broken: "{file} 已损坏或被改动",
  manifest_changed: "{file} 与签名不符，固定后被改动过",
  seal_broken: "签名文件 {file} 已损坏或被改动",
  signature_wrong: "{file} 的签名无效",
  key_unknown: "{file} 的签名密钥不在密钥历史中",
  key_not_valid_then: "{file} 的签名密钥当时已失效",
  suite_unsupported: "{file} 的签名算法本页不支持",
  statement_broken: "节点声明 {file} 已损坏或被改动",
  statement_signature: "节点声明 {file} 的签名无效",
  statement_differs: "节点声明 {file} 与清单不符",
  chain_broken: "{file} 前后不相连",
  not_an_export: "缺少 {file}，这不是导出包",
};

const troublesEn: Record<Trouble, string> = {
  file_missing: "{file} is missing",
  file_changed: "{file} differs from what was sealed",
  file_extra: "{file} is not in the list",
  list_broken: "The list {file} is damaged or was changed",
  list_signature: "The list {file} does not fit its signature: it was changed",
  keys_broken: "The key history {file} is incomplete or was changed",
  manifest_broken: "{file} is damaged or was changed",
  manifest_changed: "{file} does not fit its seal: it was changed",
  seal_broken: "The seal {file} is damaged or was changed",
  signature_wrong: "The signature in {file} is not valid",
  key_unknown: "The key of {file} is not in the key history",
  key_not_valid_then: "The key of {file} was not valid then",
  suite_unsupported: "This page cannot judge the signature of {file}",
  statement_broken: "The node's statement {file} is damaged or was changed",
  statement_signature: "The node's statement {file} is not signed by that node",
  statement_differs: "The node's statement {file} differs from the manifest",
  chain_broken: "{file} does not hang together",
  not_an_export: "{file} is missing: this is no export",
};

const purposesZh: Record<string, string> = {
  PATROL: "网上巡查",
  COMPLAINT: "投诉举报核查",
  VIOLATION: "违规处置",
  PENALTY: "行政处罚",
  COURT: "诉讼或复议",
  OTHER: "其他",
};

const purposesEn: Record<string, string> = {
  PATROL: "online patrol",
  COMPLAINT: "complaint or report",
  VIOLATION: "violation",
  PENALTY: "administrative penalty",
  COURT: "court or review",
  OTHER: "other",
};

export const PURPOSES: Record<Language, Record<string, string>> = { "zh-CN": purposesZh, en: purposesEn };
export const WORDS: Record<Language, Words> = { "zh-CN": zh, en };
export const TROUBLES: Record<Language, Record<Trouble, string>> = { "zh-CN": troublesZh, en: troublesEn };

export function fill(sentence: string, params: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (_, key: string) => String(params[key] ?? ""));
}
