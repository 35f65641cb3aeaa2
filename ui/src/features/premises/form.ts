import type { FormInstance } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/shared/api/problem";

/** Puts what the server said of each field beside that field. */
export function showFieldProblems<T>(
  form: FormInstance<T>,
  error: unknown,
  names: readonly (keyof T & string)[],
): void {
  const found = asProblem(error).fields.flatMap(({ field, detail }) => {
    const name = names.find((each) => each === field);
    return name ? [{ name: [name], errors: [detail] }] : [];
  });
  if (found.length > 0) form.setFields(found as Parameters<FormInstance<T>["setFields"]>[0]);
}

export function useRequired() {
  const { t } = useTranslation();
  return (label: string) => [{ required: true, whitespace: true, message: t("form.required", { field: label }) }];
}
