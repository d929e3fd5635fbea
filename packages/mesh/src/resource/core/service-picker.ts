import { type PickerName, pickers } from "../../balance/index.ts";
import { defaultBackendPolicy } from "../../policy/backend-policy.ts";
import type { Resource } from "../meta.ts";
import type { Problems } from "../schema/problem.ts";
import { oneOf } from "../schema/schema.ts";
import { validate } from "../schema/validate.ts";

/** On a Service: how its callers choose among its endpoints, by a picker's name. Default `p2c-ewma`. */
export const pickerAnnotation = "heddle.dev/picker";

/** What the annotation may say. */
export const pickerName = oneOf(...(Object.keys(pickers) as PickerName[]));

/** The picker that `service` asks for; the default where it asks for none, or for one that there is not. */
export function pickerOf(service: Resource): PickerName {
  const asked = service.metadata.annotations?.[pickerAnnotation];
  return isPickerName(asked) ? asked : defaultBackendPolicy.picker;
}

/** Notes a picker that there is not: a Service may come from a door that does not check our annotations. */
export function notePicker(service: Resource, notes: Problems): void {
  const asked = service.metadata.annotations?.[pickerAnnotation];
  if (asked === undefined || isPickerName(asked)) return;
  const at = notes.at("metadata", "annotations", pickerAnnotation);
  validate(pickerName, asked, at);
  at.add(`${defaultBackendPolicy.picker} is used instead`);
}

function isPickerName(value: string | undefined): value is PickerName {
  return value !== undefined && Object.hasOwn(pickers, value);
}
