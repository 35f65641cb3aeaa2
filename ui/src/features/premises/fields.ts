import type { PremisesFile, PremisesIn, PremisesPatch } from "@/shared/api/premises";

/** What the form holds. A number field that is empty is null, a text field that is empty "". */
export interface Fields {
  name: string;
  category: string;
  region: string;
  address: string;
  credit_code: string;
  licence_no: string;
  licence_expires_on: string;
  longitude_deg: number | null;
  latitude_deg: number | null;
  area_m2: number | null;
  diners: number | null;
  risk_grade: PremisesFile["risk_grade"];
  hours: string;
  present_zones: string[];
  external_no: string;
  is_due: boolean;
  exempt_reason: string;
}

export type FieldName = keyof Fields;

export const fieldNames: readonly FieldName[] = [
  "name",
  "category",
  "region",
  "address",
  "credit_code",
  "licence_no",
  "licence_expires_on",
  "longitude_deg",
  "latitude_deg",
  "area_m2",
  "diners",
  "risk_grade",
  "hours",
  "present_zones",
  "external_no",
  "is_due",
  "exempt_reason",
];

/** What must be allowed to change a field; everything else needs premises.change. */
const actions: Partial<Record<FieldName, string>> = {
  risk_grade: "premises.grade",
  hours: "premises.hours",
  is_due: "premises.exempt",
  exempt_reason: "premises.exempt",
};

export function mayChange(name: FieldName, abilities: readonly string[]): boolean {
  return abilities.includes(actions[name] ?? "premises.change");
}

export const emptyFields: Fields = {
  name: "",
  category: "",
  region: "",
  address: "",
  credit_code: "",
  licence_no: "",
  licence_expires_on: "",
  longitude_deg: null,
  latitude_deg: null,
  area_m2: null,
  diners: null,
  risk_grade: null,
  hours: "",
  present_zones: [],
  external_no: "",
  is_due: true,
  exempt_reason: "",
};

/** The form's contents for a premises as it was read. */
export function fieldsOf(premises: PremisesFile): Fields {
  return {
    name: premises.name,
    category: premises.category,
    region: premises.region,
    address: premises.address,
    credit_code: premises.credit_code ?? "",
    licence_no: premises.licence_no ?? "",
    licence_expires_on: premises.licence_expires_on ?? "",
    longitude_deg: premises.position?.longitude_deg ?? null,
    latitude_deg: premises.position?.latitude_deg ?? null,
    area_m2: premises.area_m2,
    diners: premises.diners,
    risk_grade: premises.risk_grade,
    hours: premises.hours,
    present_zones: premises.present_zones,
    external_no: premises.external_no ?? "",
    is_due: premises.is_due,
    exempt_reason: premises.exempt_reason ?? "",
  };
}

const nullable: ReadonlySet<FieldName> = new Set([
  "credit_code",
  "licence_no",
  "licence_expires_on",
  "external_no",
  "exempt_reason",
]);

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The names of the fields that differ. */
export function differing(one: Fields, other: Fields): FieldName[] {
  return fieldNames.filter((name) => !isSame(one[name], other[name]));
}

/** Only what was changed, so that fields nobody touched cannot undo somebody else's work. */
export function patchOf(before: Fields, after: Fields): PremisesPatch {
  const changed = differing(before, after).map((name) => {
    const value = after[name];
    return [name, value === "" && nullable.has(name) ? null : value];
  });
  return Object.fromEntries(changed) as PremisesPatch;
}

export function bodyOf(fields: Fields): PremisesIn {
  return patchOf({ ...emptyFields, is_due: fields.is_due }, fields) as PremisesIn;
}

export interface Clash {
  name: FieldName;
  mine: unknown;
  theirs: unknown;
}

/** After a conflict: fields that both changed, differently. What only one of them changed needs no question. */
export function clashesOf(base: Fields, mine: Fields, theirs: Fields): Clash[] {
  return fieldNames
    .filter(
      (name) =>
        !isSame(base[name], mine[name]) && !isSame(base[name], theirs[name]) && !isSame(mine[name], theirs[name]),
    )
    .map((name) => ({ name, mine: mine[name], theirs: theirs[name] }));
}

/** Theirs, with what only I changed, and of the clashing fields those that were chosen as mine. */
export function mergeFields(base: Fields, mine: Fields, theirs: Fields, chosenMine: ReadonlySet<FieldName>): Fields {
  const clashing = new Set(clashesOf(base, mine, theirs).map(({ name }) => name));
  const taken = fieldNames.filter((name) =>
    clashing.has(name) ? chosenMine.has(name) : !isSame(base[name], mine[name]),
  );
  return { ...theirs, ...Object.fromEntries(taken.map((name) => [name, mine[name]])) };
}
