import { apiVersion, type Fields } from "../kind.ts";
import { isRecord } from "../schema/validate.ts";

export const specsGroup = "specs.smi-spec.io";
export const splitGroup = "split.smi-spec.io";
/** The last of the specification (v0.6.0), and the one in which objects are kept. */
export const smiVersion = "v1alpha4";

export const specsVersion = apiVersion(specsGroup, smiVersion);

/** Where an older version keeps, as JSON, the fields of `spec` that it has no words for: a client of it that writes them back loses none. */
export const laterFieldsAnnotation = "heddle.dev/later-fields";

/** `object` with `fields` in that annotation; nothing is noted where there are none. */
export function withLaterFields(object: Fields, fields: Fields): Fields {
  if (Object.values(fields).every((value) => value === undefined)) return object;
  const metadata = object["metadata"] as { readonly annotations?: Fields };
  const annotations = { ...metadata.annotations, [laterFieldsAnnotation]: JSON.stringify(fields) };
  return { ...object, metadata: { ...metadata, annotations } };
}

/** What `names` the annotation holds, and the object without it. */
export function takeLaterFields(
  object: Fields,
  names: readonly string[],
): { readonly object: Fields; readonly fields: Fields } {
  const metadata = object["metadata"] as {
    readonly annotations?: Readonly<Record<string, string>>;
  };
  const text = metadata.annotations?.[laterFieldsAnnotation];
  if (text === undefined) return { object, fields: {} };
  const { [laterFieldsAnnotation]: _, ...annotations } = metadata.annotations!;
  const { annotations: __, ...rest } = metadata;
  const bare = Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
  return { object: { ...object, metadata: bare }, fields: pick(parsed(text), names) };
}

function parsed(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {}; // somebody else's text: it says nothing
  }
}

function pick(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(fields, name) ? [[name, fields[name]]] : [])),
  );
}
