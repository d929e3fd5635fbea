/** Documents are a matter of the model, since pickers, filters and records speak of them; here they travel. */
export type * from "../model/document.ts";
export { documentKey } from "../model/document.ts";
